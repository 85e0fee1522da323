// The slider and the chart under it: one scale, one meaning of each key, every busy day visible at any width.

import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsOf, ticksOf } from "../src/histogram";
import { dayOfKey } from "../src/days";
import { changeBeside } from "../src/timebar";

const span = { first: "2023-10-01", last: "2023-11-30" };
const days = [
  { day: "2023-10-05", begins: [], areas: 2, events: 7, km2: {} },
  { day: "2023-10-20", begins: [], areas: 0, events: 90, km2: {} },
  { day: "2023-11-09", begins: [], areas: 1, events: 0, km2: {} },
  { day: "2023-11-10", begins: [], areas: 0, events: 1, km2: {} },
];

test("each key leads to the day it says, and never out of the range", () => {
  const table: [string, string, string | null][] = [
    ["ArrowRight", "2023-10-31", "2023-11-01"],
    ["ArrowLeft", "2023-10-01", "2023-10-01"],
    ["ArrowUp", "2023-11-30", "2023-11-30"],
    ["PageUp", "2023-10-31", "2023-11-30"],
    ["PageDown", "2023-11-15", "2023-10-15"],
    ["Home", "2023-11-15", "2023-10-01"],
    ["End", "2023-11-15", "2023-11-30"],
    ["a", "2023-11-15", null],
    ["toString", "2023-11-15", null],
  ];
  for (const [key, from, to] of table) assert.equal(dayOfKey(key, from, span), to, key);
});

test("the change beside a day is one of an area, not of the line derived from it", () => {
  assert.equal(changeBeside(days, "2023-11-30", -1), "2023-11-09");
  assert.equal(changeBeside(days, "2023-11-09", -1), "2023-10-05");
  assert.equal(changeBeside(days, "2023-11-09", 1), null);
});

test("no event and no change is lost when days share a column", () => {
  for (const width of [5, 17, 61, 400]) {
    const columns = columnsOf(days, span, width);
    assert.ok(columns.length <= width && columns.length <= 61);
    assert.equal(Math.max(...columns.map((column) => column.events)), 90);
    assert.ok(columns.some((column) => column.changed));
  }
});

test("a chart of one day and a day outside the range do no harm", () => {
  assert.equal(columnsOf(days, { first: "2023-10-20", last: "2023-10-20" }, 300).length, 1);
  assert.equal(
    columnsOf([{ day: "1999-01-01", begins: [], areas: 0, events: 5, km2: {} }], span, 30).every(
      (column) => column.events === 0,
    ),
    true,
  );
});

test("labels are months where there is room, else quarters, else years, each year named once", () => {
  assert.deepEqual(
    ticksOf(span, 800, "en").map((tick) => tick.text),
    ["Oct 2023", "Nov"],
  );
  assert.deepEqual(
    ticksOf({ first: "2022-02-24", last: "2024-11-01" }, 340, "en").map((tick) => tick.text),
    ["2023", "2024"],
  );
});
