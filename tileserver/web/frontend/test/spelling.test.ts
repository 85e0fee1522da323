// Spellings of one name are known as such, and names of two places are not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isAlike, plain } from "../src/spelling";

test("a place that a source spells its own way is known as the base map's", () => {
  for (const [one, other] of [
    ["Kun'je", "Kunie"],
    ["Balakliya", "Balakliia"],
    ["Nova Khakova", "Nova Kakhovka"],
    ["Niu-York", "Niu York"],
  ] as const)
    assert.ok(isAlike(plain(one), plain(other)), one);
});

test("a longer name, and a short one that differs in a letter, are other places", () => {
  for (const [one, other] of [
    ["Novoselivka", "Novoselivka Druha"],
    ["Avdiivka", "Opytne"],
    ["Niu", "Nio"],
  ] as const)
    assert.ok(!isAlike(plain(one), plain(other)), one);
});
