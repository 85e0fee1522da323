// The legend has what is on the day's map, with how much of it there is, and a switch for what can be switched.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { byRole, type Category, type DrawnLayer } from "../src/catalogue";
import { Legend } from "../src/legend";
import { offBy, switchesOf, turned } from "../src/switches";
import { openPage, textsOf } from "./dom";
import { layer } from "./layers";
import { sayIn } from "./spoken";

const category = (code: string, name: string, side = ""): Category => ({
  code,
  label: { en: name },
  colour: "#000000",
  colour_dark: "#ffffff",
  pattern: "none",
  side,
});
const held = category("a", "Held", "us"),
  freed = category("f", "Freed", "them");
const zones = layer("zones", "areas", [held, freed]),
  line = layer("line", "front", [], { derived: { layer: "zones", side: "us" } }),
  battles = layer("battles", "events", [category("b", "Battle")]),
  ruins = layer("ruins", "events", [category("b", "House")], { shape: 1 }),
  claims = layer("claims", "overlay", [category("", "Claims")]),
  words = layer("words", "notes", [], { arrows: true });

let legend: Legend, switched: string[];
const fill = (drawn: DrawnLayer[], off: string[] = []): void => {
  const areas = drawn.find(({ role }) => role === "areas")?.legend ?? [];
  legend.list({
    tiles: { drawn, layers: {}, legend: { areas } },
    theme: "light",
    off: new Set(off),
    comparable: true,
  });
};
const seen = (): string[] =>
  [...document.querySelectorAll<HTMLElement>("#legend [data-layer]")]
    .filter((row) => !row.hidden)
    .map((row) => row.textContent ?? "");

beforeEach(() => {
  openPage();
  switched = [];
  legend = new Legend("en", sayIn("en"), (name) => void switched.push(name));
});

test("there is a row for each status, for the front and its teeth, for gains by side and for kinds of events", () => {
  fill([zones, line, battles]);
  assert.deepEqual(textsOf("#legend .name"), [
    "Held",
    "Freed",
    "Front line",
    "Teeth: the side of “Held”",
    "Taken in the last 7 · 30 days, gross",
    "Held",
    "Freed",
    "BATTLES",
    "Battle",
  ]);
  assert.deepEqual(
    [...document.querySelectorAll<HTMLInputElement>("#legend input")].map(({ name }) => name),
    ["sides", "recent", "battles"],
  );
});

test("where control is younger than a month, the month is not named", () => {
  fill([zones, line, battles]);
  legend.nameRecent([7]);
  assert.ok(textsOf("#legend .name").includes("Taken in the last 7 days, gross"));
  legend.nameRecent([7, 30]);
  assert.ok(textsOf("#legend .name").includes("Taken in the last 7 · 30 days, gross"));
});

test("where the front is drawn for nobody, it has no teeth, and gains have no side", () => {
  fill([zones, layer("line", "front", [])]);
  assert.deepEqual(textsOf("#legend .name"), ["Held", "Freed", "Front line"]);
});

test("several layers of events, overlays and notes have parts of their own, and a switch each", () => {
  fill([battles, ruins, claims, words], ["claims"]);
  assert.deepEqual(textsOf("#legend > li.group > label > .name"), [
    "BATTLES",
    "RUINS",
    "CLAIMS",
    "Notes on the map",
    "Directions of attack",
  ]);
  assert.deepEqual(textsOf("#legend > li.group > ul"), ["Battle", "House"]);
  const boxes = [...document.querySelectorAll<HTMLInputElement>("#legend input")];
  assert.deepEqual(
    boxes.map(({ name, checked }) => [name, checked]),
    [
      ["battles", true],
      ["ruins", true],
      ["claims", false],
      ["words", true],
      ["arrows", true],
    ],
  );
  const { Event: PageEvent } = document.defaultView as unknown as { Event: typeof Event };
  boxes[2]!.dispatchEvent(new PageEvent("change"));
  assert.deepEqual(switched, ["claims"]);
});

test("a layer of which nothing is known is not in the legend", () => {
  const empty = { newest: null };
  fill([zones, battles, { ...ruins, ...empty }, { ...claims, ...empty }, { ...words, ...empty }]);
  assert.deepEqual(textsOf("#legend .name"), ["Held", "Freed", "BATTLES", "Battle"]);
  fill([zones, { ...battles, ...empty }]);
  assert.deepEqual(textsOf("#legend .name"), ["Held", "Freed"]);
});

test("what there is nothing of on a day is not in the legend of that day, and the rest says how much", () => {
  fill([zones, battles]);
  legend.tell("zones", new Map([["f", "12 km²"]]));
  assert.deepEqual(seen(), ["Freed12 km²", "Battle"], "of other layers nothing was said");
  legend.tell("zones", null);
  assert.deepEqual(seen(), ["Held", "Freed", "Battle"], "where nobody knows, nothing is left out");
  assert.equal(legend.row("battles", "b")?.textContent, "Battle");
  assert.equal(legend.row("battles", "x"), undefined);
});

test("a link turns off only what can be turned off, and says only what is not as it is at first", () => {
  const tiles = { drawn: [zones, line, battles, ruins, claims, words] };
  const off = offBy({ off: ["zones", "line", "ruins", "sides", "nothing"], on: ["claims"] }, tiles);
  assert.deepEqual([...off].sort(), ["ruins", "sides"]);
  assert.deepEqual(switchesOf(off, tiles), { off: ["ruins", "sides"], on: ["claims"] });
  assert.deepEqual(switchesOf(turned(turned(off, "ruins"), "claims"), tiles), { off: ["sides"], on: [] });
});

test("a link turns the only layer of events off", () => {
  const tiles = { drawn: [zones, battles] };
  const off = offBy({ off: ["battles"], on: [] }, tiles);
  assert.deepEqual(switchesOf(off, tiles), { off: ["battles"], on: [] });
  fill([zones, battles], [...off]);
  assert.equal(document.querySelector<HTMLInputElement>("#legend [name=battles]")?.checked, false);
});

test("a front says of which areas it is the edge, and for whom", () => {
  const answered = {
    vector_layers: [{ id: "line", role: "front", derived: { layer: "zones", side: "us" } }],
    categories: {},
    category: {},
    bounds: [0, 0, 1, 1],
    time: { newest: {} },
  } as unknown as Parameters<typeof byRole>[0];
  assert.deepEqual(byRole(answered).drawn[0]?.derived, { layer: "zones", side: "us" });
});
