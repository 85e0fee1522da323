// The hour of the last update, by the clock of the theatre and in the reader's words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { asKnown } from "../src/comparison_layers";
import { updatedText } from "../src/updated";
import { sayIn } from "./spoken";

const time = { updated: "2026-11-27T12:05:09Z", embargo: "PT48H", day_zone: "Europe/Kyiv" };
const said = (language: string, changes: Partial<typeof time> = {}): string =>
  updatedText({ ...time, ...changes }, language, sayIn(language)).replace(/\s/g, " ");

test("an update is told by the theatre's clock, with the delay on purpose", () => {
  assert.equal(said("en"), "Updated 27 Nov 2026, 14:05 GMT+2; delayed by 48 hours on purpose.");
  assert.equal(said("uk"), "Оновлено 27 лист. 2026, 14:05 GMT+2. Навмисна затримка: 48 годин.");
  for (const language of ["ru", "de", "fr"]) {
    assert.match(said(language), /27.*2026.*14:05.*48/, language);
    assert.doesNotMatch(said(language), /[{}]/);
  }
});

test("a map without delay says the hour alone, and one with nothing public says nothing", () => {
  assert.equal(said("en", { embargo: "PT0H" }), "Updated 27 Nov 2026, 14:05 GMT+2.");
  assert.equal(updatedText({ ...time, updated: null }, "en", sayIn("en")), "");
});

test("the end of a comparison that a revision knew is named in its address", () => {
  assert.equal(asKnown("/changes/{from}/{to}.json", 12), "/changes/{from}/{to}.json?known=12");
  assert.equal(asKnown("/c/{from}?revision=20", 12), "/c/{from}?revision=20&known=12");
  assert.equal(asKnown("/c/{from}", 0), "/c/{from}");
});
