// The slider for other people's maps: their paint obeys the day, and a day is on the map whole or not at all.

import assert from "node:assert/strict";
import { test } from "node:test";
import { dayNumber } from "../src/periods";
import { copyOf, hasHistory, type VectorLayer } from "../slider/src/copies";
import { ofDay } from "../slider/src/dated_source";
import { DaysOnMap } from "../slider/src/days_on_map";
import { dayTiles, openingDay, readDocument, type Dated } from "../slider/src/document";
import { DICTIONARY, chooseLanguage, speaker } from "../slider/src/words";
import names from "../slider/words.json";
import { FakeMap, tileOf, turn } from "./fake_map";
import { span } from "./spans";

const document: Dated = {
  tiles: ["https://tiles.example/tiles/t/{z}/{x}/{y}.mvt?revision=7"],
  attribution: "Example",
  vector_layers: [
    { id: "zones", role: "areas" },
    { id: "battles", role: "events" },
  ],
  time: {
    first_day: "2023-05-09",
    last_day: "2023-07-31",
    default: "2023-07-01",
    history: {
      tiles: "https://tiles.example/history/t/{period}/{z}/{x}/{y}.mvt",
      periods: [
        span("may", "2023-05-01", "2023-05-31"),
        span("june", "2023-06-01", "2023-06-30"),
        span("july", "2023-07-01", "2023-07-31"),
      ],
      without: { battles: ["text"] },
    },
  },
};
const layer = (type: string, sourceLayer: string, rest: object = {}): VectorLayer =>
  ({
    id: `${sourceLayer}-${type}`,
    type,
    source: "own",
    "source-layer": sourceLayer,
    ...rest,
  }) as VectorLayer;
const zones = layer("fill", "zones", { paint: { "fill-opacity": 0.5 } });
const battles = layer("circle", "battles");
const ON = [
  "boolean",
  ["feature-state", "dated"],
  ["all", ["<=", ["get", "from"], 10], [">", ["get", "to"], 10]],
];
const paintOf = (own: VectorLayer, baseDay: number | null = 10) =>
  copyOf(own, "s", baseDay).layer.paint as Record<string, unknown>;

test("one opacity of a whole layer stays one, so that the seams between pieces of history are not seen", () => {
  const paint = paintOf(zones);
  assert.deepEqual(paint["fill-opacity"], ["case", ON, 1, 0]);
  assert.deepEqual(copyOf(zones, "s", 10).seen, { "fill-layer-opacity": 0.5 });
  assert.deepEqual(copyOf(layer("fill", "zones"), "s", 10).seen, { "fill-layer-opacity": undefined });
});

test("an opacity by feature is switched as it is, and one over the zoom in its outputs", () => {
  const byKind = ["match", ["get", "kind"], "a", 1, 0.5];
  assert.deepEqual(paintOf(layer("circle", "battles", { paint: { "circle-opacity": byKind } })), {
    "circle-opacity": ["case", ON, byKind, 0],
    "circle-opacity-transition": { duration: 0 },
    "circle-stroke-opacity": ["case", ON, 1, 0],
    "circle-stroke-opacity-transition": { duration: 0 },
    "circle-translate": [1e6, 0],
    "circle-translate-transition": { duration: 0 },
  });
  const curve = ["interpolate", ["linear"], ["zoom"], 4, 0.2, 9, byKind];
  assert.deepEqual(paintOf(layer("line", "lines", { paint: { "line-opacity": curve } }))["line-opacity"], [
    "interpolate",
    ["linear"],
    ["zoom"],
    4,
    ["case", ON, 0.2, 0],
    9,
    ["case", ON, byKind, 0],
  ]);
  const step = ["step", ["zoom"], 0, 6, 1];
  const stepped = paintOf(layer("circle", "battles", { paint: { "circle-opacity": step } }));
  assert.deepEqual(stepped["circle-opacity"], ["step", ["zoom"], ["case", ON, 0, 0], 6, ["case", ON, 1, 0]]);
});

test("a copy over a single day keeps the paint, is out of its place until it is seen, and comes without a fade", () => {
  const own = layer("line", "lines", {
    paint: { "line-translate": [3, 4], "line-color": "red" },
    minzoom: 3,
  });
  const { layer: copy, seen, unseen } = copyOf(own, "s", null);
  assert.equal(copy.id, "lines-line~s");
  assert.equal(copy.minzoom, 3);
  assert.deepEqual([seen, unseen], [{ "line-layer-opacity": undefined }, { "line-layer-opacity": 0 }]);
  const paint = copy.paint as Record<string, unknown>;
  assert.deepEqual([paint["line-color"], paint["line-opacity"]], ["red", undefined]);
  assert.deepEqual(paint["line-layer-opacity-transition"], { duration: 0 });
  const circle = copyOf(layer("circle", "battles", { paint: { "circle-translate": [3, 4] } }), "s", null);
  assert.deepEqual(
    [circle.seen, circle.unseen],
    [{ "circle-translate": [3, 4] }, { "circle-translate": [1e6, 0] }],
  );
});

test("history draws what it can draw as single days do, and nothing else", () => {
  const can = (own: VectorLayer) => hasHistory(own, document);
  const aside = { "icon-image": "x", "icon-allow-overlap": true, "icon-ignore-placement": true };
  assert.deepEqual(
    [zones, battles, layer("symbol", "battles", { layout: aside }), layer("heatmap", "battles")].map(can),
    [true, true, true, true],
  );
  const cannot = {
    outlines: layer("line", "zones"),
    edges: layer("fill", "zones", { paint: { "fill-outline-color": "red" } }),
    extruded: layer("fill-extrusion", "zones"),
    crowded: layer("symbol", "battles", { layout: { "icon-image": "x" } }),
    labelled: layer("symbol", "battles", { layout: { ...aside, "text-field": "x" } }),
    worded: layer("circle", "battles", { filter: ["has", "text"] }),
    function: layer("circle", "battles", { paint: { "circle-opacity": { stops: [[4, 0.2]] } } }),
    twice: layer("circle", "battles", {
      paint: {
        "circle-opacity": ["let", "z", ["interpolate", ["linear"], ["zoom"], 4, 0, 9, 1], ["var", "z"]],
      },
    }),
  };
  for (const [name, own] of Object.entries(cannot)) assert.equal(can(own), false, name);
});

test("the tiles of a day keep what else is asked for, and days that are not public become the nearest", () => {
  assert.equal(
    dayTiles(document, "2023-06-01"),
    "https://tiles.example/tiles/t/{z}/{x}/{y}.mvt?revision=7&datetime=2023-06-01",
  );
  const days = ["", "latest", "2024-01-01", "1999-01-01", "2023-06-31"].map((day) =>
    openingDay(document, day),
  );
  assert.deepEqual(days, ["2023-07-01", "2023-07-31", "2023-07-31", "2023-05-09", "2023-07-01"]);
});

test("of what lies under a point, history is asked for its day, and tiles of a day are taken as they are", () => {
  const found = [{ from: 1, to: 5 }, { from: 5, to: 9 }, { from: "2023-11-09" }, {}].map(
    (properties) => ({ properties }) as unknown as Parameters<typeof ofDay>[0][number],
  );
  assert.deepEqual(
    ofDay(found, 5).map(({ properties }) => properties["from"] as unknown),
    [5, "2023-11-09", undefined],
  );
});

test("a TileJSON without days is refused", async () => {
  await assert.rejects(readDocument({ tiles: [] }), /no days/);
  await assert.rejects(
    readDocument({ tiles: [], time: { first_day: null, last_day: null } }),
    /no days that are public/,
  );
});

function bench(layers = [zones, battles], history = true) {
  const map = new FakeMap(),
    shown: string[] = [],
    holes: string[] = [];
  const days = new DaysOnMap(
    map.asMap,
    (day) => void shown.push(day),
    () => void holes.push("hole"),
  );
  days.open({ document, layers, history });
  return { map, days, shown, holes };
}

const on = (number: number): number => dayNumber("2023-06-01") + number - 1;
const faces = tileOf("zones", [
  { id: 1, properties: { from: on(1), to: on(10) } },
  { id: 2, properties: { from: on(10), to: on(31) } },
]);

async function june(): Promise<ReturnType<typeof bench>> {
  const made = bench();
  const prepared = made.days.prepare("2023-06-09");
  made.map.arrive("time-slider-1", faces);
  (await prepared).reveal();
  made.map.calls.length = 0;
  return made;
}

test("a step within a period switches what begins or ends in between, and asks for nothing", async () => {
  const { map, days, shown } = await june();
  assert.equal(days.instantly("2023-06-10"), true);
  assert.deepEqual(map.switches(), [
    ["zones", 1, false],
    ["zones", 2, true],
  ]);
  assert.deepEqual([map.sources.size, shown], [1, ["2023-06-09", "2023-06-10"]]);
});

test("another period is shown once all of it is there, and until then nothing is said of it", async () => {
  const { map, days, shown } = await june();
  assert.equal(days.instantly("2023-07-01"), false);
  const prepared = days.prepare("2023-07-01");
  assert.equal(
    map.sources.get("time-slider-2")?.tiles[0],
    "https://tiles.example/history/t/july/{z}/{x}/{y}.mvt",
  );
  const away = (of: string) =>
    map.calls.filter(([what, id]) => what === "setPaintProperty" && String(id).endsWith(of));
  let ready = false;
  void prepared.then(() => (ready = true));
  await turn();
  assert.deepEqual([ready, away("-1"), away("-2")], [false, [], []]);
  map.arrive("time-slider-2");
  (await prepared).reveal();
  assert.deepEqual(
    [away("-1"), away("-2")].map((calls) => calls.map(([, , property, value]) => [property, value])),
    [
      [
        ["fill-layer-opacity", 0],
        ["circle-translate", [1e6, 0]],
      ],
      [
        ["fill-layer-opacity", 0.5],
        ["circle-translate", undefined],
      ],
    ],
  );
  assert.deepEqual(shown, ["2023-06-09", "2023-07-01"]);
});

test("where one layer cannot be drawn from history, all are drawn from tiles of the day", async () => {
  const { map, days } = bench([zones, layer("line", "zones")]);
  const prepared = days.prepare("2023-06-09");
  assert.match(map.sources.get("time-slider-1")!.tiles[0]!, /\/tiles\/t\/.*datetime=2023-06-09$/);
  map.arrive("time-slider-1");
  (await prepared).reveal();
  assert.equal(days.instantly("2023-06-10"), false);
  days.lookAhead();
  assert.equal(map.sources.size, 1);
});

test("a day of which a tile fails is not shown, and leaves nothing on the map", async () => {
  const { map, days, shown, holes } = await june();
  const failed = days.prepare("2023-07-09").then(() => "", String);
  map.fire("error", { sourceId: "time-slider-2", error: { message: "503" } });
  assert.match(await failed, /503/);
  await turn();
  assert.deepEqual([[...map.sources.keys()], shown], [["time-slider-1"], ["2023-06-09"]]);
  assert.deepEqual(holes, []);
  map.fire("error", { sourceId: "time-slider-1", error: { message: "503" } });
  assert.deepEqual(holes, ["hole"]);
  assert.equal(days.instantly("2023-06-10"), false, "what has a hole is loaded anew");
});

test("a period that nobody wants any more is taken off while it loads", async () => {
  const { map, days } = await june();
  const failed = days.prepare("2023-05-09").then(() => "", String);
  assert.equal(map.sources.size, 2);
  days.open({ document, layers: [zones], history: false });
  assert.deepEqual([...map.sources.keys()], ["time-slider-1"]);
  assert.match(await failed, /was removed/);
});

test("the slider has all of its words in every language, and those that a page gives come first", () => {
  for (const [language, words] of Object.entries(DICTIONARY))
    for (const name of names) assert.ok(words[name as "play"], `${language}: ${name}`);
  assert.equal(speaker("de-AT", {})("loading", "9. Nov."), "9. Nov. wird geladen…");
  assert.equal(speaker("uk", { play: "Вперед" })("play"), "Вперед");
  assert.equal(speaker("pl", {})("pause"), "Pause");
  assert.deepEqual(
    [chooseLanguage("", ["pl", "uk-UA", "de"]), chooseLanguage("", ["pl"]), chooseLanguage("pl", ["uk"])],
    ["uk-UA", "en", "pl"],
  );
});
