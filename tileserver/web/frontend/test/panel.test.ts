// The card says the day, what happened on it, how old it is, and its notes; nothing of another day stays.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { Catalogue, DayCount, TileJson } from "../src/catalogue";
import type { ComparisonDocument } from "../src/figures";
import { comparisonList } from "../src/comparison_list";
import { GainsView } from "../src/gains_view";
import type { Note } from "../src/notes";
import { Panel, type Told } from "../src/panel";
import { openPage, textIn, textsOf } from "./dom";
import { layer } from "./layers";
import { GAINS_WORDS, sayIn } from "./spoken";

const note = (id: number, direction: string, text: string): Note => ({
  id,
  lon: 37,
  lat: 48,
  properties: { direction, text },
});
const north = note(1, "Kupiansk", "Attacks toward the Oskil."),
  south = note(2, "Kherson", "Landings on the east bank.");
const count: DayCount = { day: "2023-11-09", begins: [], areas: 2, events: 1, km2: { occupied: 3.04 } };
const told: Told = {
  day: "2023-11-09",
  count,
  within: null,
  known: {
    aged: [],
    lastChange: "2023-11-09",
    first: { areas: "2023-10-01", events: "2023-11-01" },
    begins: false,
    newest: null,
  },
  notes: [north, south],
  fixed: false,
};
const numbers = new Map([
  [north, 1],
  [south, 2],
]);
const areasLegend = [
  {
    code: "a",
    label: { en: "Held", uk: "Утримує" },
    colour: "#000000",
    colour_dark: "#ffffff",
    pattern: "none" as const,
  },
];
const battle = {
  code: "b",
  label: { en: "Battle" },
  colour: "#000000",
  colour_dark: "#ffffff",
  pattern: "none" as const,
};
const zones = layer("zones", "areas", areasLegend),
  line = layer("line", "front", []),
  battles = layer("battles", "events", [battle]);
const tiles = {
  notice: { en: "Coarse." },
  drawn: [zones, line, battles],
  layers: { areas: "zones", front: "line", events: "battles" },
  legend: { areas: areasLegend, events: [battle] },
  sources: {
    zones: { publisher: "A", licence: "CC-BY-4.0", attribution: "Archive", url: "https://example.org/a" },
    line: { publisher: "A", licence: "CC-BY-4.0", attribution: "Archive", url: "https://example.org/a" },
    battles: { publisher: "B", licence: "", attribution: "Ledger", url: "javascript:alert(1)" },
  },
} as unknown as TileJson;
const catalogue = {
  default: "war",
  theatres: [
    { id: "war", title: { en: "A war" } },
    { id: "other", title: { en: "Another" } },
  ],
} as unknown as Catalogue;

let panel: Panel;
let flown: Note[];
const show = (of: Partial<Told> = {}): void =>
  panel.showDay({ ...told, ...of }, numbers, (one) => void flown.push(one));

beforeEach(() => {
  openPage();
  flown = [];
  panel = new Panel("en", sayIn("en"), "Ground");
  panel.fillTheatre(catalogue, "war", tiles);
});

test("a day is told by its date, its changes and its events, in the title too", () => {
  show();
  assert.deepEqual(
    [textIn("as-of"), textIn("weekday"), textIn("date")],
    ["As of", "Thursday", "9 November 2023"],
  );
  assert.equal(document.getElementById("date")?.getAttribute("datetime"), "2023-11-09");
  assert.equal(textIn("summary"), "2 changes of control, 1 event");
  assert.equal(document.title, "A war, 9 November 2023");
});

test("where the reader leaves events out, the card says of how many", () => {
  const within = { window: 7, count: 21, all: 26 };
  show({ count: { ...count, events: 1, unfiltered: 4 }, within });
  assert.equal(textIn("summary"), "2 changes of control, 1 of 4 events, 21 of 26 in 7 days");
  show({ within: { ...within, all: 21 } });
  assert.equal(textIn("summary"), "2 changes of control, 1 event, 21 in 7 days");
});

test("the notes stand under the numbers that they have on the map, and lead there", () => {
  show();
  assert.deepEqual(textsOf("#notes .note-number"), ["1", "2"]);
  assert.deepEqual(textsOf("#notes p"), ["Attacks toward the Oskil.", "Landings on the east bank."]);
  document.querySelectorAll<HTMLElement>("#notes button")[1]?.click();
  assert.deepEqual(flown, [south]);
});

test("a note names its sources, each a link where it has an address, and no script becomes one", () => {
  const sources = JSON.stringify([
    { publisher: "General Staff" },
    { publisher: "ISW", url: "https://example.org/9-november" },
    { publisher: "Nobody", url: "javascript:alert(1)" },
  ]);
  const evidence = { exactness: "", sources: "sources", graphic: "", classes: [], latitude: 48 };
  const drawn = [{ ...layer("notes", "notes", []), evidence }];
  panel.fillTheatre(catalogue, "war", { ...tiles, drawn });
  const sourced = { ...north, properties: { ...north.properties, sources } };
  show({ notes: [sourced, south] });
  assert.deepEqual(textsOf("#notes li:first-child .event-source"), [
    "Source: General Staff",
    "Source: ISW",
    "Source: Nobody",
  ]);
  const links = [...document.querySelectorAll<HTMLAnchorElement>("#notes a.event-source")];
  assert.deepEqual(
    links.map(({ href }) => href),
    ["https://example.org/9-november"],
  );
});

test("notes that stay are left in place, so that focus and reading stay with them", () => {
  show();
  const before = document.querySelector("#notes li");
  show({ day: "2023-11-10" });
  assert.equal(document.querySelector("#notes li"), before);
  show({ notes: [south] });
  assert.deepEqual(textsOf("#notes .note-number"), ["2"]);
  show({ notes: [] });
  assert.deepEqual(textsOf("#notes li"), ["No notes for this day."]);
});

test("nothing is said to have happened to a role whose data has ended by then", () => {
  show({ known: { ...told.known, aged: [{ role: "areas", day: "2023-10-08", days: 32 }] } });
  assert.equal(textIn("summary"), "1 event");
  assert.deepEqual(textsOf("#ages li"), ["Control as of 8 Oct 2023, 32 days earlier."]);
});

test("before the first state of control, and before the first event, nothing is said not to have happened", () => {
  const known = { ...told.known, lastChange: "" as const };
  show({ day: "2023-09-30", count: undefined, known });
  assert.equal(textIn("summary"), "control is known from 1 Oct 2023 on");
  show({ day: "2023-10-02", count: undefined, known: { ...known, lastChange: "2023-10-01" } });
  assert.equal(textIn("summary"), "no change of control since 1 Oct 2023");
});

test("of a role that nothing was published of nothing is said, also to those who do not see the map", () => {
  const known = { ...told.known, lastChange: "" as const, first: {} };
  show({ count: undefined, known });
  assert.equal(textIn("summary"), "");
  assert.equal(panel.sentence({ ...told, count: undefined, known, notes: [] }), "9 November 2023.");
  show({ known: { ...told.known, first: { areas: "2023-10-01" } } });
  assert.equal(textIn("summary"), "2 changes of control");
});

test("the newest day says how old it is, but not where it is not left", () => {
  const known = { ...told.known, newest: { days: 3, hours: 48, goesOn: false } };
  show({ known });
  assert.equal(textIn("as-of"), "Latest:");
  assert.deepEqual(textsOf("#ages li"), ["Newest public day: 3 days ago. Delay: 48 hours."]);
  show({ known, fixed: true });
  assert.deepEqual([textIn("as-of"), textIn("ages")], ["As of", ""]);
});

test("a day that events alone reach is not called the latest, and of when control is stands out", () => {
  const newest = { days: 3, hours: 48, goesOn: false },
    aged: Told["known"]["aged"] = [{ role: "areas", day: "2023-10-08", days: 32 }];
  show({ known: { ...told.known, newest, aged } });
  assert.equal(textIn("as-of"), "As of");
  assert.ok(
    document.querySelector("#ages.control-aged li:first-child")?.textContent.startsWith("Control as of"),
  );
  show({ known: { ...told.known, newest, aged: [{ role: "events", day: "2023-10-08", days: 32 }] } });
  assert.deepEqual([textIn("as-of"), document.querySelector("#ages.control-aged")], ["Latest:", null]);
});

test("no day on the map is no day in the card", () => {
  show();
  panel.clear();
  for (const id of ["weekday", "date", "summary", "ages", "notes"]) assert.equal(textIn(id), "", id);
  assert.equal(document.getElementById("date")?.hasAttribute("datetime"), false);
  assert.equal(document.title, "A war");
  show();
  assert.equal(textsOf("#notes li").length, 2, "the same notes are listed again");
});

test("the same day is a sentence for those who do not see the map", () => {
  assert.equal(
    panel.sentence({ ...told, notes: [north] }),
    "9 November 2023: 2 changes of control, 1 event. Kupiansk: Attacks toward the Oskil.",
  );
});

test("a theatre whose notes hold nothing has no place for them, another keeps it on a day without", () => {
  const isHidden = (): boolean => Boolean(document.querySelector<HTMLElement>("#notes-section")!.hidden);
  const notes = layer("notes", "notes", []);
  panel.fillTheatre(catalogue, "war", { ...tiles, drawn: [...tiles.drawn, notes] });
  assert.equal(isHidden(), false);
  panel.fillTheatre(catalogue, "war", { ...tiles, drawn: [...tiles.drawn, { ...notes, newest: null }] });
  assert.equal(isHidden(), true);
  panel.fillTheatre(catalogue, "war", tiles);
  assert.equal(isHidden(), true);
});

test("a layer of which nothing is known is not credited", () => {
  panel.fillTheatre(catalogue, "war", { ...tiles, drawn: [zones, line, { ...battles, newest: null }] });
  assert.equal(textsOf("#credits-list li")[0], "Archive (CC-BY-4.0)");
  assert.ok(!textsOf("#credits-list li").includes("Ledger"));
});

test("what of several layers has ended is told by its own name, and the others are counted", () => {
  const aged = [{ role: "events" as const, title: { en: "Damage" }, day: "2023-10-08", days: 32 }];
  show({ known: { ...told.known, aged } });
  assert.deepEqual(textsOf("#ages li"), ["Damage: until 8 Oct 2023, 32 days earlier."]);
  assert.equal(textIn("summary"), "2 changes of control, 1 event");
});

test("each source is credited once, and only to an address that is safe to follow", () => {
  assert.deepEqual(textsOf("#credits-list li").slice(0, 2), ["Archive (CC-BY-4.0)", "Ledger"]);
  assert.deepEqual(
    [...document.querySelectorAll("#credits-list a")].map((link) => link.getAttribute("href")),
    ["https://example.org/a"],
  );
  assert.deepEqual(textsOf("#theatre option"), ["A war", "Another"]);
  assert.equal(textIn("notice-text"), "Coarse.");
});

test("the sum of days and the comparison of two days each say how it may differ from the other", () => {
  const say = sayIn("en");
  const words = GAINS_WORDS["en"]!;
  const gains = new GainsView({
    language: "en",
    say,
    words,
    onGains: () => undefined,
    onWindow: () => undefined,
  });
  assert.equal(gains.brief("2023-11-09"), "");
  assert.match(textIn("gains-by-day"), /A comparison of the two days alone can give another net/);
  const side = { id: "us", title: { en: "Us" }, colour: "#111111", colour_dark: "#eeeeee" };
  const compared: ComparisonDocument = {
    held: { statuses: ["occupied"] },
    moved: [{ from: "", to: "occupied", km2: 5 }],
    sides: [{ ...side, gained: 5, lost: 0, net: 5 }],
    passed: [{ kind: "movement", from_side: "", to_side: "us", from: "", to: "occupied", km2: 5 }],
  };
  const items = comparisonList(compared, { categories: [], theme: "light", language: "en", say });
  assert.match(items[1]?.textContent ?? "", /The days between, added up, can give another net/);
});
