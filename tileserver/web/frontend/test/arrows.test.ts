// Arrows and sectors of notes are read from a text, bent, and lead where the text says; a note's words begin with its first sentence.

import assert from "node:assert/strict";
import { test } from "node:test";
import { arrowsOf, curveOf, sectorsOf } from "../src/arrows";
import { beginning } from "../src/drawn_notes";

const arrows = (arrow: unknown): ReturnType<typeof arrowsOf> => arrowsOf({ properties: { arrow } });

test("an arrow has a side or none, and places", () => {
  assert.deepEqual(arrows("russia 49.9,38 49.7,37.7; 48.5,37.9 48.6,38.1 48.7,38.2"), [
    {
      side: "russia",
      places: [
        [38, 49.9],
        [37.7, 49.7],
      ],
    },
    {
      side: "",
      places: [
        [37.9, 48.5],
        [38.1, 48.6],
        [38.2, 48.7],
      ],
    },
  ]);
});

test("what makes no sense is no arrow", () => {
  for (const text of [
    "",
    "russia",
    "russia 49.9,38",
    "49.9,38 x,y",
    "49.9,38 95,37",
    "1,2,3 4,5",
    "1, 2,",
    undefined,
    7,
  ])
    assert.deepEqual(arrows(text), [], String(text));
});

test("a sector has three corners or more", () => {
  const sectors = (sector: unknown): ReturnType<typeof sectorsOf> => sectorsOf({ properties: { sector } });
  assert.deepEqual(sectors("russia 49,38 49,39 48,39"), [
    {
      side: "russia",
      places: [
        [38, 49],
        [39, 49],
        [39, 48],
      ],
    },
  ]);
  assert.deepEqual(sectors("russia 49,38 49,39"), []);
  assert.deepEqual(sectors(undefined), []);
});

test("a curve begins and ends at its places, is bent between two, and points where it ends", () => {
  const [straight] = arrows("10,20 10,22");
  const { line, bearing } = curveOf(straight!);
  assert.deepEqual(
    [line[0], line.at(-1)].map((at) => at!.map((degrees) => Number(degrees.toFixed(6)))),
    [
      [20, 10],
      [22, 10],
    ],
  );
  assert.ok(Math.max(...line.map(([, lat]) => lat)) > 10.1);
  assert.ok(bearing > 90 && bearing < 140, String(bearing));
});

test("a note begins with its first sentence, cut between words where that is long", () => {
  assert.equal(beginning("Attacks go on. The line holds."), "Attacks go on.");
  assert.equal(beginning("A stalemate: nobody moves"), "A stalemate…");
  assert.equal(beginning("At 48.5 km they stop"), "At 48.5 km they stop");
  assert.equal(beginning("Russian attacks in the ruins", 20), "Russian attacks in…");
  assert.equal(beginning(""), "");
});
