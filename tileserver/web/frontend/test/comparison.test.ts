// What changed hands: sides, order and amounts as the reader sees them, whichever day was named first.

import assert from "node:assert/strict";
import { test } from "node:test";
import { km2Of } from "../src/catalogue";
import { type ComparisonDocument } from "../src/figures";
import { movedOf } from "../src/comparison_layers";
import { comparisonTitle, knownPart, pairOf } from "../src/comparison";
import { groupsOf } from "../src/comparison_list";
import { usualMost } from "../src/histogram";
import { kilometres } from "../src/texts";
import { sayIn } from "./spoken";

test("a piece is gained or lost from the side of those that hold, and neither between two others", () => {
  const moved = [
    ["occupied", "liberated", 7],
    ["liberated", "occupied", 9],
    ["", "unknown", 3],
    ["occupied", "annexed", 5],
    ["unknown", "liberated", 0.01],
  ].map(([from, to, km2]) => ({ from: String(from), to: String(to), km2: Number(km2) }));
  const shown = movedOf({ held: { statuses: ["occupied", "annexed"] }, moved });
  assert.deepEqual(
    shown.map(({ is, kind }) => [is, kind]),
    [
      ["occupied", "gained"],
      ["liberated", "lost"],
      ["annexed", "other"],
      ["unknown", "other"],
    ],
  );
  assert.ok(movedOf({ held: null, moved }).every(({ kind }) => kind === "other"));
});

test("two days are named in their order", () => {
  assert.deepEqual(pairOf("2023-11-30", "2023-10-01"), { from: "2023-10-01", to: "2023-11-30" });
});

test("of days after the newest of control nobody is told that nothing changed hands", () => {
  const title = (one: string, other: string): string =>
    comparisonTitle(pairOf(one, other), "2023-11-30", "en", sayIn("en"));
  assert.equal(title("2023-11-09", "2023-11-30"), "Changed hands, 9 Nov 2023 to 30 Nov 2023");
  assert.equal(title("2024-02-17", "2023-11-09"), "Changed hands, 9 Nov 2023 to 30 Nov 2023, the last known");
  assert.equal(title("2024-01-17", "2024-02-17"), "Control is known to 30 Nov 2023");
  assert.equal(title("2023-11-30", "2024-02-17"), "Control is known to 30 Nov 2023");
  const known = (from: string, to: string): unknown => knownPart({ from, to }, "2023-11-30");
  assert.deepEqual(known("2023-11-09", "2024-02-17"), { from: "2023-11-09", to: "2023-11-30" });
  assert.equal(known("2024-01-17", "2024-02-17"), null);
});

test("what changed on a day is what was gained, or lost where that is more", () => {
  const day = (km2: Record<string, number>) => ({ day: "2023-11-09", begins: [], areas: 0, events: 0, km2 });
  assert.equal(km2Of(day({ occupied: 2, liberated: -2 })), 2);
  assert.equal(km2Of(day({ unknown: 4 })), 4);
  assert.equal(km2Of(day({ occupied: 1, liberated: -3, unknown: 0.5 })), 3);
  assert.equal(km2Of(undefined), 0);
});

test("one enormous day does not flatten the chart of the others", () => {
  assert.ok(usualMost([...Array.from({ length: 200 }, (_, i) => i / 10), 90_000]) < 21);
  assert.equal(usualMost([0, 0]), 1);
});

test("areas read as whole square kilometres unless they are small", () => {
  assert.equal(kilometres(7333.4, "en"), "7,333\u00A0km²");
  assert.equal(kilometres(0.26, "en"), "0.3\u00A0km²");
  assert.equal(kilometres(2.5, "uk"), "2,5\u00A0км²");
  assert.equal(kilometres(23, "ru"), "23\u00A0км²");
});

test("rows are told by what passed: movement, marks, within a side, and apart what was drawn anew", () => {
  const passed = (kind: string, from: string, to: string, km2: number) =>
    ({ kind, from_side: "a", to_side: "b", from, to, km2 }) as NonNullable<
      ComparisonDocument["passed"]
    >[number];
  const side = { id: "us", title: { en: "Us" }, colour: "#111111", colour_dark: "#eeeeee" };
  const document: ComparisonDocument = {
    held: { statuses: ["occupied"] },
    moved: [
      { from: "", to: "occupied", km2: 9 },
      { from: "", to: "unknown", km2: 3 },
      { from: "freed", to: "old", km2: 2 },
    ],
    sides: [{ ...side, gained: 5, lost: 0, net: 5 }],
    passed: [
      passed("movement", "", "occupied", 5),
      passed("outline", "", "occupied", 4),
      passed("marked", "", "unknown", 3),
      passed("sliver", "", "occupied", 0.5),
    ],
  };
  const { movement, marked, within, redrawn } = groupsOf(document);
  assert.deepEqual(
    [movement, marked],
    [
      [{ was: "", is: "occupied", km2: 5, kind: "gained" }],
      [{ was: "", is: "unknown", km2: 3, kind: "other" }],
    ],
  );
  assert.deepEqual([within.map(({ was, is }) => [was, is]), redrawn], [[["freed", "old"]], 4.5]);
});
