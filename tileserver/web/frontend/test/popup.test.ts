// A click is answered with what stands on top there and holds on the shown day; text is only ever text.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { Map as MapLibre, MapGeoJSONFeature, MapMouseEvent } from "maplibre-gl";
import type { Role, TileJson } from "../src/catalogue";
import { dayNumber } from "../src/periods";
import { contentAt, type ClickContext } from "../src/popup";
import { openPage, textsOf } from "./dom";
import { sayIn } from "./spoken";

const category = (code: string, en: string) => ({
  code,
  label: { en },
  colour: "#000000",
  colour_dark: "#ffffff",
  pattern: "none" as const,
});
const tiles = {
  tiles: ["/tiles/t/{z}/{x}/{y}.mvt"],
  minzoom: 0,
  maxzoom: 12,
  drawn: [
    {
      name: "zones",
      role: "areas",
      legend: [category("us", "Ours"), category("them", "Theirs")],
      category: "holder",
    },
    { name: "claims", role: "overlay", title: { en: "Claimed" }, legend: [], category: "" },
    { name: "battles", role: "events", legend: [category("raid", "Raid")], category: "sort" },
    { name: "ruins", role: "events", legend: [category("raid", "House hit")], category: "kind" },
    { name: "texts", role: "notes", legend: [], category: "" },
  ],
  layers: { areas: "zones", events: "battles", notes: "texts" },
  legend: { areas: [category("us", "Ours"), category("them", "Theirs")], events: [category("raid", "Raid")] },
  category: { areas: "holder", events: "sort" },
} as unknown as TileJson;
const context: ClickContext = {
  theatre: "t",
  window: 1,
  tiles,
  language: "en",
  say: sayIn("en"),
  day: "2023-11-09",
  notes: [
    { id: 7, lon: 37, lat: 48, properties: { direction: "North", text: "Quiet.", text_en: "All quiet." } },
  ],
  comparison: null,
  layersOf: (role: Role) => [`source-${role}`],
};
const click = { point: { x: 400, y: 300 }, lngLat: { lng: 37, lat: 48 } } as unknown as Pick<
  MapMouseEvent,
  "point" | "lngLat"
>;
const today = dayNumber(context.day);
const lasting = { from: today, to: today + 1 };

const NAMES: Record<string, string> = {
  "source-events": "battles",
  "source-areas": "zones",
  "source-notes": "texts",
  "source-overlay": "claims",
};

interface Drawn {
  id?: number;
  sourceLayer?: string;
  properties: Record<string, unknown>;
}

/** A map on which these features are drawn, by style layer, wherever it is asked. */
const drawn = (layers: Record<string, Drawn[]>): MapLibre =>
  ({
    queryRenderedFeatures: (_where: unknown, asked: { layers: string[] }) =>
      asked.layers.flatMap((layer) =>
        (layers[layer] ?? []).map((one) => ({ sourceLayer: NAMES[layer], ...one })),
      ) as MapGeoJSONFeature[],
    getZoom: () => 8,
  }) as unknown as MapLibre;

const textAt = (layers: Record<string, Drawn[]>, of: Partial<ClickContext> = {}): string[] => {
  const content = contentAt(drawn(layers), click, { ...context, ...of });
  return content ? textsOf("p", content.now) : [];
};

beforeEach(() => void openPage());

test("an event is told by its kind, its date, its text and its source", () => {
  const event = {
    id: 1,
    properties: {
      ...lasting,
      sort: "raid",
      kind: "air_raid",
      date: "2023-11-09T04:00:00Z",
      text: "Sirens.",
      url: "https://www.example.org/1",
    },
  };
  const content = contentAt(drawn({ "source-events": [event] }), click, context);
  assert.ok(content && !content.later, "its text is in the tile");
  assert.deepEqual(textsOf("p", content.now), ["Raid · air raid9 Nov 2023", "Sirens."]);
  assert.deepEqual(textsOf("a", content.now), ["Source: example.org"]);
});

test("events of two layers are told by the legend of each, and one id in both is two events", () => {
  const one = { id: 1, properties: { ...lasting, sort: "raid", text: "Sirens." } };
  const other = { id: 1, sourceLayer: "ruins", properties: { ...lasting, kind: "raid", text: "A house." } };
  assert.deepEqual(textAt({ "source-events": [one, other] }), [
    "2 events here",
    "Raid9 Nov 2023",
    "Sirens.",
    "House hit9 Nov 2023",
    "A house.",
  ]);
});

test("an overlay is named under who holds the place, and alone where nobody does", () => {
  const area = { id: 2, properties: { ...lasting, holder: "us" } },
    claim = { id: 3, properties: lasting };
  assert.deepEqual(textAt({ "source-areas": [area], "source-overlay": [claim, claim] }), [
    "Control on 9 Nov 2023",
    "Ours",
    "Claimed",
  ]);
  assert.deepEqual(textAt({ "source-overlay": [claim] }), ["Claimed"]);
});

test("markup stays text, and an address that would run something is none", () => {
  const event = { id: 1, properties: { ...lasting, text: "<b>bold</b>", url: "javascript:alert(1)" } };
  const content = contentAt(drawn({ "source-events": [event] }), click, context);
  assert.deepEqual(textsOf("p.event-text", content!.now), ["<b>bold</b>"]);
  assert.equal(content!.now.querySelectorAll("a, b").length, 0);
});

test("of a period's tiles only what holds on the shown day is told", () => {
  const yesterday = { id: 1, properties: { from: today - 1, to: today, text: "Yesterday." } };
  const area = { id: 2, properties: { ...lasting, holder: "us" } };
  assert.deepEqual(textAt({ "source-events": [yesterday], "source-areas": [area] }), [
    "Control on 9 Nov 2023",
    "Ours",
  ]);
});

test("events go before a note, a note before what changed hands, and that before who holds the place", () => {
  const layers: Record<string, Drawn[]> = {
    "source-events": [{ id: 1, properties: { ...lasting, text: "Sirens." } }],
    "source-notes": [{ id: 7, properties: { ...lasting, direction: "North" } }],
    "comparison-1-fill": [{ properties: { was: "us", is: "", km2: 12.4 } }],
    "source-areas": [{ id: 2, properties: { ...lasting, holder: "them" } }],
  };
  const comparison = {
    pair: { from: "2023-10-01", to: "2023-11-09" },
    layers: ["comparison-1-fill", "comparison-1-line"],
  };
  const told: string[] = [];
  for (const layer of Object.keys(layers)) {
    told.push(textAt(layers, { comparison }).at(-1) ?? "");
    layers[layer] = [];
  }
  assert.deepEqual(told, ["Sirens.", "All quiet.", "12\u00A0km²", "Theirs"]);
  assert.deepEqual(textAt(layers), [], "and nothing is told of nothing");
});

test("what changed hands names both statuses, also none", () => {
  const comparison = { pair: { from: "2023-10-01", to: "2023-11-09" }, layers: ["comparison-1-fill"] };
  const piece = { properties: { was: "us", is: "", km2: 0.26 } };
  assert.deepEqual(textAt({ "comparison-1-fill": [piece] }, { comparison }), [
    "Changed hands, 1 Oct 2023 to 9 Nov 2023",
    "Ours → Not marked",
    "0.3\u00A0km²",
  ]);
});

test("an event is told as long as its mark is on the map, the newest first", () => {
  const event = (id: number, from: number) => ({
    id,
    properties: { from, to: from + 1, text: `Event ${id}.` },
  });
  const found = { "source-events": [event(1, today - 6), event(2, today), event(3, today - 7)] };
  assert.deepEqual(
    textAt(found, { window: 7 }).filter((text) => text.startsWith("Event")),
    ["Event 2.", "Event 1."],
  );
});

test("many events at one place are on pages, each with a link of its own", () => {
  const found = [1, 2, 3, 4, 5].map((id) => ({ id, properties: { ...lasting, text: `Event ${id}.` } }));
  const linkTo = ({ layer, id }: { layer: string; id: unknown }): string => `#event=${layer}.${String(id)}`;
  const { now } = contentAt(drawn({ "source-events": found }), click, { ...context, linkTo })!;
  assert.deepEqual(textsOf("p.event-text", now), ["Event 1.", "Event 2.", "Event 3."]);
  now.querySelector<HTMLButtonElement>('.popup-pages [aria-label="More events"]')!.click();
  assert.deepEqual(textsOf("p.event-text", now), ["Event 4.", "Event 5."]);
  assert.equal(now.querySelector(".event-link")?.getAttribute("href"), "#event=battles.4");
  assert.equal(now.querySelectorAll("button:disabled").length, 1);
});

test("an event in the margins of two tiles is one, a square of many is told by their number", () => {
  const event = { id: 1, properties: { ...lasting, text: "Sirens." } };
  assert.equal(textAt({ "source-events": [event, event] }).filter((text) => text === "Sirens.").length, 1);
  assert.deepEqual(textAt({ "source-events": [{ id: 2, properties: { ...lasting, count: 41 } }] }), [
    "41 events here",
  ]);
});
