// A day of a period that is in the map costs switches and nothing else; any other is loaded unseen before it is seen.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { TileJson } from "../src/catalogue";
import { PeriodsOnMap, type TheatreView } from "../src/periods_on_map";
import { dayNumber } from "../src/periods";
import { FakeMap, tileOf, turn } from "./fake_map";
import { span } from "./spans";

const PERIODS = [
  span("may", "2023-05-01", "2023-05-31"),
  span("june", "2023-06-01", "2023-06-30"),
  span("july", "2023-07-01", "2023-07-31"),
  span("august", "2023-08-01", "2023-08-31"),
];
const drawn = [
  { name: "zones", role: "areas" as const },
  { name: "battles", role: "events" as const },
  { name: "ruins", role: "events" as const },
  { name: "claims", role: "overlay" as const },
].map((layer) => ({ ...layer, title: {}, legend: [], category: "", newest: null, shape: 0 }));
const tiles = {
  drawn,
  layers: { areas: "zones", events: "battles" },
  tiles: ["/tiles/t/{z}/{x}/{y}.mvt"],
  minzoom: 0,
  maxzoom: 12,
  bounds: [22, 44, 41, 53],
  time: {
    first_day: "2023-05-01",
    last_day: "2023-08-31",
    history: { tiles: "/history/t/{period}/{z}/{x}/{y}.mvt", periods: PERIODS },
  },
} as unknown as TileJson;
const look = { theme: "light" as const, drawn, window: 1, hidden: new Set<string>() };
const view: TheatreView = { tileset: "t", tiles, look, steady: false, revision: null };

function bench(of = view): { map: FakeMap; periods: PeriodsOnMap; days: string[]; holes: string[] } {
  const map = new FakeMap(),
    days: string[] = [],
    holes: string[] = [];
  const periods = new PeriodsOnMap(
    map.asMap,
    (day) => void days.push(day),
    () => void holes.push(periods.source),
  );
  periods.open(of);
  return { map, periods, days, holes };
}

/** Features of June as a tile has them: a face to the 9th, one from the 10th on, an event on the 10th. */
const day = (number: number): number => dayNumber("2023-06-01") + number - 1;
const faces = tileOf("zones", [
  { id: 1, properties: { from: day(1), to: day(10) } },
  { id: 2, properties: { from: day(10), to: day(31) } },
]);
const events = tileOf("battles", [{ id: 3, properties: { from: day(10), to: day(11) } }]);

async function shown(of: string, theatre = view): Promise<ReturnType<typeof bench>> {
  const made = bench(theatre);
  const prepared = made.periods.prepare(of);
  await turn();
  made.map.arrive([...made.map.sources.keys()].at(-1)!, faces, events);
  (await prepared).reveal();
  made.map.calls.length = 0;
  return made;
}

test("a day is not said to be shown before all of its tiles are there", async () => {
  const { map, periods, days } = bench();
  assert.equal(periods.instantly("2023-06-05"), false);
  const prepared = periods.prepare("2023-06-05");
  await turn();
  assert.deepEqual([...map.sources.keys()], ["dated-june-1"]);
  assert.equal(map.sources.get("dated-june-1")?.tiles[0], "/history/t/june/{z}/{x}/{y}.mvt");
  assert.equal(periods.instantly("2023-06-05"), false);
  map.arrive("dated-june-1", faces);
  const there = await prepared;
  assert.deepEqual(days, []);
  there.reveal();
  assert.deepEqual([days, periods.source], [["2023-06-05"], "dated-june-1"]);
});

test("no frame is drawn to prepare a day whose tiles are all there", async () => {
  const { map, periods } = bench();
  const prepared = periods.prepare("2023-06-05");
  await turn();
  map.arrive("dated-june-1", faces);
  await prepared;
  let frames = 0;
  map.on("render", () => void (frames += 1));
  await periods.prepare("2023-06-06");
  assert.equal(frames, 0);
});

test("a step within the period switches what begins or ends in between, and asks for nothing", async () => {
  const { map, periods, days } = await shown("2023-06-09");
  assert.equal(periods.instantly("2023-06-10"), true);
  assert.deepEqual(map.switches(), [
    ["zones", 1, false],
    ["zones", 2, true],
    ["battles", 3, true],
  ]);
  map.calls.length = 0;
  assert.equal(periods.instantly("2023-06-12"), true);
  assert.deepEqual(map.switches(), [["battles", 3, false]]);
  assert.deepEqual(days, ["2023-06-09", "2023-06-10", "2023-06-12"]);
  assert.equal(map.sources.size, 1);
});

test("every layer of events, and every overlay, is switched by itself, also where ids are alike", async () => {
  const { map, periods } = await shown("2023-06-09");
  const alike = { id: 3, properties: { from: day(10), to: day(11) } };
  map.arrive(periods.source, tileOf("ruins", [alike]), tileOf("claims", [alike]));
  map.calls.length = 0;
  periods.instantly("2023-06-10");
  assert.deepEqual(
    map.switches().filter(([, id]) => id === 3),
    [
      ["battles", 3, true],
      ["ruins", 3, true],
      ["claims", 3, true],
    ],
  );
  assert.deepEqual(
    [periods.layerIds("events"), periods.layerIds("overlay")].map((ids) => ids.length),
    [2, 2],
  );
});

test("a layer that is off has no style layer, and its features are left alone", async () => {
  const off = { ...view, look: { ...look, drawn: drawn.filter(({ name }) => name !== "ruins") } };
  const { map, periods } = await shown("2023-06-09", off);
  map.arrive(periods.source, tileOf("ruins", [{ id: 9, properties: { from: day(10), to: day(11) } }]));
  periods.instantly("2023-06-10");
  assert.equal(map.switches().filter(([layer]) => layer === "ruins").length, 0);
  assert.deepEqual(periods.layerIds("events").length, 1);
});

test("the periods beside the shown one are loaded ahead, and one of them is shown at once", async () => {
  const { map, periods } = await shown("2023-06-09");
  periods.lookAhead();
  await turn();
  assert.deepEqual([...map.sources.keys()], ["dated-june-1", "dated-july-2", "dated-may-3"]);
  assert.equal(periods.instantly("2023-07-01"), false);
  map.arrive("dated-july-2");
  assert.equal(periods.instantly("2023-07-01"), true);
  assert.equal(periods.source, "dated-july-2");
  assert.deepEqual([...map.sources.keys()], ["dated-june-1", "dated-july-2"], "May is too far off by now");
});

test("a period that nobody wants any more is taken off while it loads", async () => {
  const { map, periods } = await shown("2023-05-09");
  const failed = periods.prepare("2023-08-09").then(() => "", String);
  await turn();
  assert.equal(map.sources.size, 2);
  periods.aim("2023-05-10");
  assert.equal(map.sources.size, 1);
  assert.match(await failed, /was removed/);
});

test("a period that is taken off once its tiles are there, but is not shown yet, is never shown", async () => {
  const { map, periods } = await shown("2023-05-09");
  const prepared = periods.prepare("2023-08-09").then(() => "prepared", String);
  await turn();
  map.arrive([...map.sources.keys()].at(-1)!);
  periods.aim("2023-05-10");
  assert.match(await prepared, /was removed/);
});

test("a failed tile fails the day while it loads, and is a hole once it is shown", async () => {
  const { map, periods, holes } = await shown("2023-06-09");
  const failed = periods.prepare("2023-07-09").then(() => "", String);
  await turn();
  map.fire("error", { sourceId: "dated-july-2", error: { message: "503" } });
  assert.match(await failed, /503/);
  await turn();
  assert.deepEqual([[...map.sources.keys()], holes], [["dated-june-1"], []]);
  map.fire("error", { sourceId: "dated-june-1", error: { message: "503" } });
  assert.deepEqual(holes, ["dated-june-1"]);
  assert.equal(periods.instantly("2023-06-10"), false, "what has a hole is loaded anew");
});

test("a tile that the server does not know any more is a failure and not an empty place", async () => {
  const { map, periods } = bench();
  const failed = periods.prepare("2023-06-09").then(() => "", String);
  await turn();
  map.fire("sourcedataloading", { sourceId: "dated-june-1", tile: faces });
  map.arrive("dated-june-1");
  assert.match(await failed, /do not exist/);
});

test("under a comparison the areas are faint, also those of the next period", async () => {
  const { map, periods } = await shown("2023-06-30");
  periods.mute(true);
  const opacities = map.calls
    .filter(([, layer]) => String(layer).endsWith("zones-areas"))
    .map(([, , , opacity]) => opacity);
  const prepared = periods.prepare("2023-07-01");
  await turn();
  map.arrive("dated-july-2");
  map.calls.length = 0;
  (await prepared).reveal();
  const july = map.calls.filter(
    ([what, layer]) => what === "setPaintProperty" && String(layer).includes("july-2-zones-areas"),
  );
  assert.deepEqual(opacities, [july.at(-1)?.[3]]);
});

test("a day that will not be left is loaded from its own tiles, without a period and without switches", async () => {
  const { map, periods } = await shown("2023-06-09", { ...view, steady: true });
  assert.deepEqual(
    [...map.sources.values()].map(({ tiles: [url] }) => url),
    ["/tiles/t/{z}/{x}/{y}.mvt?datetime=2023-06-09"],
  );
  periods.lookAhead();
  await turn();
  assert.deepEqual([map.sources.size, map.calls], [1, []]);
});

test("what a lost map had is not taken off it again", async () => {
  const { map, periods } = await shown("2023-06-09");
  periods.abandon();
  assert.deepEqual([map.calls, periods.source], [[], ""]);
});
