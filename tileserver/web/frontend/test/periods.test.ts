// A step between two days switches what begins or ends between them and nothing else; days find their period.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DatedFeatures, holdsOn, dayNumber, periodIndex, type DatedFeature } from "../src/periods";
import { directionsOf, monthsOf, notesOn, type Note } from "../src/notes";

const OPEN = 2 ** 31 - 1;

const found = (layer: string, id: number, from: number, to: number) => ({ layer, id, from, to, over: to });

test("a day is counted from 1970 on, also before it", () => {
  assert.deepEqual(["1970-01-01", "2023-11-09", "1944-06-06"].map(dayNumber), [0, 19670, -9340]);
});

test("each day lies in one period, and days beyond all in the nearest", () => {
  const period = (first: number, end: number) => ({
    id: `${first}`,
    first_day: "",
    last_day: "",
    first,
    end,
    open: false,
  });
  const periods = [period(-9340, -9313), period(-9313, -9221), period(-9221, -9000)];
  assert.deepEqual(
    ["1944-01-01", "1944-06-06", "1944-07-02", "1944-07-03", "1970-01-01"].map((day) =>
      periodIndex(periods, day),
    ),
    [0, 0, 0, 1, 2],
  );
});

test("switching what lies between two days is as good as looking at everything", () => {
  let seed = 7;
  const chance = (n: number): number => (seed = (seed * 48271) % 2147483647) % n;
  const features = new DatedFeatures((feature) => holdsOn(feature, 40));
  const all: DatedFeature[] = [];
  for (let id = 0; id < 400; id++) {
    const from = chance(90),
      feature = features.add(found("areas", id, from, chance(3) ? from + 1 + chance(90 - from) : OPEN));
    if (feature) all.push(feature);
  }
  let day = 40;
  for (let step = 0; step < 300; step++) {
    const next = chance(90);
    for (const feature of features.between(day, next)) feature.on = holdsOn(feature, next);
    day = next;
    assert.ok(
      all.every((feature) => feature.on === holdsOn(feature, day)),
      `day ${day}`,
    );
  }
});

test("a feature that comes in two tiles is one, and one id in two layers is two", () => {
  const features = new DatedFeatures(() => false);
  assert.ok(features.add(found("areas", 9004431208979067, 1, 2)));
  assert.equal(features.add(found("areas", 9004431208979067, 1, 2)), null);
  assert.ok(features.add(found("front", 9004431208979067, 1, 2)));
});

test("months cover the days from the first to the last, once each", () => {
  assert.deepEqual(monthsOf("2023-11-20", "2024-02-01"), [
    ["2023-11-20", "2023-11-30"],
    ["2023-12-01", "2023-12-31"],
    ["2024-01-01", "2024-01-31"],
    ["2024-02-01", "2024-02-01"],
  ]);
  assert.deepEqual(monthsOf("2024-02-29", "2024-02-29"), [["2024-02-29", "2024-02-29"]]);
});

test("a direction keeps its number while its notes change, and a day has the notes that hold on it", () => {
  const note = (id: number, direction: string, lat: number, from: string, to: string): Note => ({
    id,
    lon: 36,
    lat,
    properties: { direction, from, to },
  });
  const notes = [
    note(1, "south", 47, "2023-11-06", "2023-11-08"),
    note(2, "south", 47, "2023-11-09", "2023-11-12"),
    note(3, "north", 50, "2023-11-09", "2023-11-12"),
  ];
  assert.deepEqual(directionsOf(notes), ["north", "south"]);
  assert.deepEqual(
    notesOn(notes, "2023-11-08").map(({ id }) => id),
    [1],
  );
  assert.deepEqual(
    notesOn(notes, "2023-11-09").map(({ id }) => id),
    [3, 2],
  );
});
