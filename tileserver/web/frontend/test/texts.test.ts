import assert from "node:assert/strict";
import { test } from "node:test";
import { nameIn, type Place } from "../src/place_index";
import { sumText } from "../src/texts";

test("a sum is told with as few decimals as it holds with", () => {
  assert.deepEqual(sumText([0, 11828.07, -11828.07], "en"), ["0", "11,828", "−11,828"]);
  assert.deepEqual(sumText([100.4, 50.3, 50.1], "en"), ["100", "50", "50"]);
  assert.deepEqual(sumText([100.6, 50.3, 50.3], "en"), ["100.6", "50.3", "50.3"]);
  assert.deepEqual(sumText([1.25, 3.5, -2.25], "de"), ["1,25", "3,50", "−2,25"]);
  assert.deepEqual(sumText([2, 2, -0.0004], "en"), ["2.0", "2.0", "0.0"]);
});

test("a place without a name in a language has its own in letters that its readers know, else the English one", () => {
  const place = (names: Record<string, string>): Place => ({ names, zoom: 5, kind: "place", at: [7, 51] });
  const far = place({ "": "Köln", en: "Cologne", uk: "Кельн" });
  const near = place({ "": "Харьков", en: "Kharkiv" });
  const named = (language: string): string[] => [far, near].map((one) => nameIn(one, language));
  assert.deepEqual(named("en"), ["Cologne", "Kharkiv"]);
  assert.deepEqual(named("de"), ["Köln", "Kharkiv"]);
  assert.deepEqual(named("uk"), ["Кельн", "Харьков"]);
});
