// The card tells of the layers that are on, as if there were no other.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Catalogue, DayCount, DrawnLayer, Role, TileJson } from "../src/catalogue";
import { countsOf, hasFewEvents, NothingPublic, readTheatre, toldOn, type OpenTheatre } from "../src/theatre";

const layer = (name: string, newest: string): DrawnLayer =>
  ({ role: "events", name, title: { en: name }, newest }) as unknown as DrawnLayer;
const day = (of: string, happened: Record<string, number>): DayCount => ({
  day: of,
  begins: [] as Role[],
  areas: 0,
  events: Object.values(happened).reduce((sum, one) => sum + one, 0),
  happened,
  km2: {},
});
const days = [
  day("2022-01-05", { damage: 4 }),
  day("2023-01-03", { footage: 2, damage: 1 }),
  day("2024-02-26", { damage: 3 }),
];
const open = {
  tiles: {
    drawn: [layer("footage", "2023-12-03"), layer("damage", "2024-02-26")],
    time: { last_day: "2024-02-26", embargo: "PT48H", horizon: "2026-11-25T15:19:00Z", day_zone: "UTC" },
  } as unknown as TileJson,
  days,
} as unknown as OpenTheatre;
const told = (on: string, ...off: string[]): ReturnType<typeof toldOn> =>
  toldOn(open, {
    day: on,
    notes: [],
    off: new Set(off),
    days: countsOf(open, new Set(off)),
    window: 7,
    fixed: false,
  });

test("a theatre has few events up to 500 in all, whatever days they are of", () => {
  const halves = (second: number): DayCount[] => [
    day("2023-01-03", { damage: 250 }),
    day("2024-01-03", { footage: second }),
  ];
  assert.ok(hasFewEvents({ days: halves(250) }));
  assert.ok(!hasFewEvents({ days: halves(251) }));
});

test("events of layers that are off are not counted", () => {
  assert.deepEqual([told("2023-01-03").count?.events, told("2023-01-03", "damage").count?.events], [3, 2]);
  const charted = (...off: string[]): number[] => countsOf(open, new Set(off)).map(({ events }) => events);
  assert.deepEqual(
    [charted(), charted("damage")],
    [
      [4, 3, 3],
      [0, 2, 0],
    ],
  );
});

test("where the layer that goes on is off, the events that are shown have ended", () => {
  assert.deepEqual(told("2024-02-01", "damage").known.aged, [
    { role: "events", day: "2023-12-03", days: 60 },
  ]);
  assert.deepEqual(told("2024-02-01", "footage").known.aged, []);
});

test("the first known day of events is that of a layer that is on", () => {
  const firsts = [told("2022-03-01"), told("2022-03-01", "damage"), told("2022-03-01", "damage", "footage")];
  assert.deepEqual(
    firsts.map(({ known }) => known.first.events),
    ["2022-01-05", "2023-01-03", undefined],
  );
});

test("without any layer of events nothing is said of how old events are", () => {
  assert.deepEqual(told("2024-02-26", "damage", "footage").known.aged, []);
});

test("a theatre of which nothing is public yet is told from a server that does not answer", async (context) => {
  const empty = { first_day: null, last_day: null, default: null, newest: {} };
  const answer = { time: empty, vector_layers: [], categories: {}, category: {}, days: [] };
  context.mock.method(globalThis, "fetch", () => Promise.resolve(Response.json(answer)));
  const catalogue = { default: "ukraine", theatres: [{ id: "ukraine", tileset: "ukraine" }] };
  await assert.rejects(readTheatre(catalogue as unknown as Catalogue, ""), NothingPublic);
});
