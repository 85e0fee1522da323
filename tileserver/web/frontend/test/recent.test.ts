// Recent gains: who gained by which change of status, between which days, and what is only an outline drawn anew.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Category } from "../src/catalogue";
import { gainOf, gainersOf } from "../src/gainers";
import { FrontCells } from "../src/near_front";

Object.assign(globalThis, { matchMedia: () => ({ matches: true }) });
const { recentSpans } = await import("../src/recent");

const status = (code: string, side: string): Category => ({
  code,
  side,
  label: {},
  colour: "#000000",
  colour_dark: "#ffffff",
  pattern: "none",
});
const areas = [status("old", "us"), status("new", "us"), status("freed", "them"), status("unknown", "")];
const front = { name: "line", role: "front", derived: { layer: "zones", side: "us" } };
const gainers = gainersOf({ drawn: [front], legend: { areas } } as never);

test("gains are of our side and of the other, each in the colour of its first status", () => {
  assert.deepEqual(
    gainers.map(({ kind, category }) => [kind, category.code]),
    [
      ["gained", "old"],
      ["lost", "freed"],
    ],
  );
  assert.deepEqual(gainersOf({ drawn: [{ ...front, derived: undefined }], legend: { areas } } as never), []);
});

test("land without a status is the other side's, and what becomes contested is nobody's gain", () => {
  const gain = (was: string, is: string): string | null => gainOf(was, is, gainers, areas);
  assert.deepEqual(
    [gain("", "new"), gain("freed", "old"), gain("unknown", "new")],
    ["gained", "gained", "gained"],
  );
  assert.deepEqual(
    [gain("new", ""), gain("new", "freed"), gain("unknown", "freed")],
    ["lost", "lost", "lost"],
  );
  assert.deepEqual([gain("new", "unknown"), gain("", "unknown")], [null, null]);
  assert.deepEqual([gain("old", "new"), gain("freed", ""), gain("", "freed")], [null, null, null]);
});

test("days of which control is not known at their begin are left out, and those after the last of which it is", () => {
  const spans = (day: string): (string | number)[][] =>
    recentSpans(day, "2023-10-01", "2023-11-30").map(({ from, age }) => [from, age]);
  assert.deepEqual(spans("2023-11-09"), [
    ["2023-10-10", 1],
    ["2023-11-02", 0],
  ]);
  assert.deepEqual(spans("2023-10-31"), [
    ["2023-10-01", 1],
    ["2023-10-24", 0],
  ]);
  assert.deepEqual(spans("2023-10-30"), [["2023-10-23", 0]], "30 days before, nothing is known");
  assert.deepEqual(spans("2023-10-07"), []);
  assert.deepEqual(spans("2023-10-01"), []);
  assert.deepEqual(spans("2023-12-10"), [["2023-11-10", 1]], "of the last week nothing is known");
  assert.deepEqual(spans("2024-06-01"), []);
});

test("a piece is near the front where a corner of it is", () => {
  const cells = new FrontCells([{ geometry: { type: "LineString", coordinates: [[37.5, 48]] } }]);
  const piece = (lon: number): { geometry: GeoJSON.Geometry } => ({
    geometry: {
      type: "Polygon",
      coordinates: [
        [
          [lon, 48.02],
          [lon + 1, 48.5],
          [lon, 48.5],
        ],
      ],
    },
  });
  assert.deepEqual([cells.has(piece(37.55)), cells.has(piece(38))], [true, false]);
});
