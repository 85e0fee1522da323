// The card says of each role how old it is, of the newest day how long ago it was, and calls no first state a change.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hoursOf, knownOn, today } from "../src/ages";
import type { DayCount, DrawnLayer, Role, TileJson } from "../src/catalogue";
import { hoursText, spanText } from "../src/days";

const time = {
  last_day: "2025-02-01",
  newest: { areas: "2024-12-31", front: "2024-12-31", events: "2025-02-01" },
  day_zone: "Europe/Kyiv",
  embargo: "PT48H",
  horizon: "2025-02-02T21:30:00Z",
} as unknown as TileJson["time"];
const day = (of: string, areas: number, begins: Role[] = []): DayCount => ({
  day: of,
  begins,
  areas,
  events: 0,
  km2: {},
});
const days = [
  day("2022-04-03", 0, ["areas", "front"]),
  day("2022-04-09", 3),
  day("2024-12-31", 1),
  day("2025-02-01", 0),
];

test("on a day that only events reach, control is of its own newest day", () => {
  const known = knownOn("2025-02-01", time, days, []);
  assert.deepEqual(known.aged, [{ role: "areas", day: "2024-12-31", days: 32 }]);
  assert.deepEqual(known.newest, { days: 3, hours: 48, goesOn: false });
});

test("within the data nothing is older than the day, but control has been as it is since its last change", () => {
  assert.deepEqual(knownOn("2022-05-01", time, days, []), {
    aged: [],
    lastChange: "2022-04-09",
    first: { areas: "2022-04-03" },
    begins: false,
    newest: null,
  });
});

test("the first state is a beginning and no change, and before it nothing is known", () => {
  assert.deepEqual(knownOn("2022-04-03", time, days, []), {
    aged: [],
    lastChange: "2022-04-03",
    first: { areas: "2022-04-03" },
    begins: true,
    newest: null,
  });
  assert.deepEqual(knownOn("2022-04-04", time, days, []), {
    aged: [],
    lastChange: "2022-04-03",
    first: { areas: "2022-04-03" },
    begins: false,
    newest: null,
  });
  assert.deepEqual(knownOn("2022-04-02", time, days, []).lastChange, "");
});

test("a role is known from the first day on which anything was published of it, and without that from none", () => {
  const later = [...days, { ...day("2025-02-01", 0), events: 2 }];
  assert.deepEqual(knownOn("2022-04-02", time, later, []).first, {
    areas: "2022-04-03",
    events: "2025-02-01",
  });
  assert.deepEqual(knownOn("2022-05-01", time, [], []).first, {});
});

test("of several layers of events those are told by name whose data has ended, until all of it has", () => {
  const layer = (en: string, newest: string | null): DrawnLayer =>
    ({ role: "events", title: { en }, newest }) as unknown as DrawnLayer;
  const layers = [layer("Footage", "2025-02-01"), layer("Damage", "2022-12-08"), layer("Empty", null)];
  const aged = (on: string, newest: string): unknown =>
    knownOn(on, { ...time, newest: { events: newest } }, days, layers).aged;
  assert.deepEqual(aged("2023-01-08", "2025-02-01"), [
    { role: "events", title: { en: "Damage" }, day: "2022-12-08", days: 31 },
  ]);
  assert.deepEqual(aged("2025-02-03", "2025-02-01"), [{ role: "events", day: "2025-02-01", days: 2 }]);
});

test("a theatre without areas or with an empty layer is as old as what it has", () => {
  const own = { ...time, newest: { events: null } } as unknown as TileJson["time"];
  assert.deepEqual(knownOn("2025-01-31", own, days, []), {
    aged: [],
    lastChange: "2024-12-31",
    first: { areas: "2022-04-03" },
    begins: false,
    newest: null,
  });
});

test("today is the server's day in the theatre's zone", () => {
  assert.equal(today(time), "2025-02-04");
  assert.equal(today({ ...time, day_zone: "UTC" }), "2025-02-04");
  assert.equal(today({ ...time, horizon: "2025-02-02T22:30:00Z" }), "2025-02-05");
  assert.deepEqual([hoursOf("PT48H"), hoursOf("PT90S"), hoursOf("PT0H")], [48, 0.025, 0]);
});

test("spans are told in days, then months, then years", () => {
  assert.deepEqual(
    [1, 32, 60, 729, 800].map((count) => spanText(count, "en")),
    ["1 day", "32 days", "1 month", "23 months", "2 years"],
  );
  assert.deepEqual(
    [spanText(3, "en", true), spanText(32, "uk"), hoursText(48, "en")],
    ["3 days ago", "32 дні", "48 hours"],
  );
});
