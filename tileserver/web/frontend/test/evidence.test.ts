// An event says how exact its place is, names all its sources, and shows no link to what is graphic unasked.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { DrawnLayer } from "../src/catalogue";
import { ringRadius } from "../src/event_layers";
import { codedLabels, evidenceContent, sourcesOf } from "../src/evidence";
import { openPage, textsOf } from "./dom";
import { sayIn } from "./spoken";

const evidence = {
  exactness: "exactness",
  classes: [
    { code: "exact", metres: 0, label: { en: "Exact" } },
    { code: "near", metres: 150, label: { en: "About 150 m", uk: "Близько 150 м" } },
  ],
  sources: "sources",
  graphic: "graphic",
  latitude: 48,
};
const layer = {
  evidence,
  vocabularies: { side: [{ code: "us", label: { en: "Ours", uk: "Наші" } }] },
} as unknown as DrawnLayer;
const TWO = JSON.stringify([
  { publisher: "An agency", url: "https://example.org/1" },
  { publisher: "A reporter" },
]);

beforeEach(openPage);

const content = (
  properties: Record<string, unknown>,
  language = "en",
  of: DrawnLayer = layer,
): HTMLElement => {
  const box = document.createElement("div");
  box.append(...evidenceContent(of, properties, language, sayIn(language)));
  return box;
};

test("the class of a place is said in the reader's language, and an unknown one is not", () => {
  assert.deepEqual(textsOf(".event-exactness", content({ exactness: "near" }, "uk")), ["Близько 150 м"]);
  assert.deepEqual(textsOf(".event-exactness", content({ exactness: "near" }, "fr")), ["About 150 m"]);
  assert.deepEqual(textsOf(".event-exactness", content({ exactness: "other" })), []);
});

test("all sources are named, with a link where there is an address, and the one of url once", () => {
  const found = content({ sources: TWO, url: "https://example.org/1" });
  assert.deepEqual(textsOf(".event-source", found), ["Source: An agency", "Source: A reporter"]);
  assert.equal(found.querySelectorAll("a").length, 1);
  assert.deepEqual(textsOf("a", content({ url: "https://www.example.org/2" })), ["Source: example.org"]);
});

test("a text that is no list of sources, and an address that would run something, link to nothing", () => {
  for (const sources of ["{", "7", "null", '["x", null, 3]', '[{"url":"javascript:alert(1)"}]'])
    assert.deepEqual(sourcesOf(evidence, { sources }), [], sources);
  const named = '[{"publisher":"<b>x</b>","url":"javascript:alert(1)"}]';
  assert.deepEqual(sourcesOf(evidence, { sources: named }), [{ publisher: "<b>x</b>" }]);
  assert.equal(content({ sources: named }).querySelectorAll("a, b").length, 0);
});

test("links to what is graphic are not there until a reader asks for them, and nothing is previewed", () => {
  const found = content({ sources: TWO, graphic: true });
  assert.deepEqual(textsOf(".event-warning", found), ["Graphic content behind the links."]);
  assert.equal(found.querySelectorAll("a").length, 0);
  found.querySelector("button")!.click();
  assert.equal(found.querySelectorAll("a").length, 1);
  assert.deepEqual(textsOf(".event-warning", found), ["Graphic content behind the links."]);
  assert.equal(found.querySelectorAll("img, iframe, video, object").length, 0);
  assert.equal(content({ sources: TWO, graphic: false }).querySelectorAll("a").length, 1);
});

test("a field with codes is said by its label, a code without one as it is, and no field not at all", () => {
  assert.deepEqual(codedLabels(layer, { side: "us" }, "uk"), ["Наші"]);
  assert.deepEqual(codedLabels(layer, { side: "no_side" }, "uk"), ["no side"]);
  assert.deepEqual(codedLabels(layer, {}, "uk"), []);
  assert.deepEqual(codedLabels(undefined, { side: "us" }, "uk"), []);
});

test("a ring is as wide as its square on the ground, but never under its mark nor over the map", () => {
  const pixel = (78271.517 * Math.cos((48 * Math.PI) / 180)) / 2 ** 12;
  assert.ok(Math.abs(ringRadius(2000, 12, 48) * pixel - 2000 * Math.SQRT1_2) < 1);
  assert.ok(ringRadius(2000, 12, 60) > ringRadius(2000, 12, 0));
  assert.equal(ringRadius(150, 4, 48), 11);
  const whole = (20000 * Math.SQRT1_2) / pixel; // nobody who is close takes a part of the ring for all of it
  assert.ok(whole > 500 && Math.abs(ringRadius(20000, 12, 48) - whole) < 1);
  assert.equal(ringRadius(20000, 18, 48), 2000);
});
