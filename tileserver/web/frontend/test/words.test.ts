// Every word is there in every language; a text is never missing, whatever the language; addresses are safe.

import assert from "node:assert/strict";
import { test } from "node:test";
import { safeUrl } from "../src/dom";
import { worded } from "../src/notes";
import { LANGUAGES, type Word, pick } from "../src/texts";
import { sayIn, WORDS as words } from "./spoken";

test("every language has every word, in alphabetical order, and no other", () => {
  const english = Object.keys(words["en"]!);
  assert.deepEqual(english, [...english].sort());
  assert.deepEqual(Object.keys(words), [...LANGUAGES]);
  for (const [language, dictionary] of Object.entries(words))
    assert.deepEqual(Object.keys(dictionary), english, language);
});

test("every translation fills the same places", () => {
  const holes = (text: string): string[] =>
    [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "").sort();
  for (const dictionary of Object.values(words)) {
    for (const [word, text] of Object.entries(dictionary))
      assert.deepEqual(holes(text), holes(words["en"]![word as Word]), text);
  }
});

test("a text falls back to English and then to any language", () => {
  assert.equal(pick({ uk: "так", en: "yes" }, "de"), "yes");
  assert.equal(pick({ uk: "так" }, "de"), "так");
  assert.equal(pick(undefined, "de"), "");
  assert.equal(worded({ text: "plain", text_uk: "слово" }, "text", "uk"), "слово");
  assert.equal(worded({ text: "plain" }, "text", "fr"), "plain");
});

test("a word is filled from its values and from nothing else", () => {
  assert.equal(sayIn("en")("eventsHere", { count: 3 }), "3 events here");
  assert.equal(sayIn("en")("loading"), "Loading {day}…");
});

test("only http and https addresses are followed", () => {
  assert.equal(safeUrl("https://example.org/a"), "https://example.org/a");
  for (const bad of [
    "javascript:alert(1)",
    " https://example.org",
    "data:text/html,x",
    "//example.org",
    "https://",
    7,
    null,
  ])
    assert.equal(safeUrl(bad), "");
});
