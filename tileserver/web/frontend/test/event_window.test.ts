// The marks of events stay for a window of days and grow older meanwhile; the link says which window, and what is hidden.

import assert from "node:assert/strict";
import { test } from "node:test";
import { choiceOf, choiceText, filterOf, isHidden } from "../src/event_choice";
import {
  AGES,
  ageOn,
  edgesOf,
  firstDayOf,
  leavesOn,
  mayBeSeen,
  windowOf,
  windowText,
  WINDOWS,
} from "../src/event_window";
import { periodsBefore } from "../src/earlier_events";
import { DatedFeatures, dayNumber, holdsOn, type DatedFeature } from "../src/periods";
import { countIn } from "../src/theatre";
import { span } from "./spans";

test("a window of days ends with the shown day, and that of all so far begins nowhere", () => {
  assert.deepEqual(
    WINDOWS.map((window) => firstDayOf("2023-11-09", window)),
    ["2023-11-09", "2023-11-03", "2023-10-11", null],
  );
  for (const window of WINDOWS) assert.equal(windowOf(windowText(window)), window);
  assert.deepEqual([null, "", "8", "-1", "ALL"].map(windowOf), [7, 7, 7, 7, 7]);
});

type Properties = Record<string, number>;

/** What an expression of this handful of words is for a feature. */
function valueOf(expression: unknown, properties: Properties): unknown {
  if (!Array.isArray(expression)) return expression;
  const [word, ...rest] = expression as [string, ...unknown[]];
  if (word === "has") return String(rest[0]) in properties;
  if (word === "get") return properties[String(rest[0])];
  const [one, other] = rest.map((each) => valueOf(each, properties));
  const words: Record<string, boolean> = {
    "!": !one,
    "<=": Number(one) <= Number(other),
    ">": Number(one) > Number(other),
    any: Boolean(one) || Boolean(other),
    all: Boolean(one) && Boolean(other),
  };
  assert.ok(word in words, word);
  return words[word];
}

test("what may be seen on a day is what is drawn on it, in any window, and all that says no days", () => {
  const day = "2023-11-09",
    number = dayNumber(day);
  for (const window of WINDOWS) {
    const isFound = (properties: Properties): boolean => Boolean(valueOf(mayBeSeen(day, window), properties));
    for (let from = number - 40; from < number + 3; from++) {
      const drawn = holdsOn({ from, to: leavesOn(from + 2, window) }, number);
      assert.equal(isFound({ from, to: from + 2 }), drawn, `${from} in ${window}`);
    }
    assert.ok(isFound({ count: 3 }));
  }
});

test("stepping from edge to edge draws what looking at every event on every day does, in any window", () => {
  let seed = 11;
  const chance = (n: number): number => (seed = (seed * 48271) % 2147483647) % n;
  for (const window of WINDOWS) {
    const features = new DatedFeatures(() => false);
    const all: DatedFeature[] = [];
    for (let id = 0; id < 200; id++) {
      const from = chance(90),
        over = from + 1 + (chance(4) ? 0 : chance(12));
      const found = { layer: "battles", id, from, to: leavesOn(over, window), over };
      all.push(features.add(found, edgesOf(from, over, window))!);
    }
    let day = -1;
    for (let step = 0; step < 200; step++) {
      const next = chance(130);
      for (const feature of features.between(day, next)) {
        feature.on = holdsOn(feature, next);
        feature.age = feature.on ? ageOn(feature.over, next) : 0;
      }
      day = next;
      for (const { on, age, from, over } of all) {
        const days = Math.max(0, day - (over - 1)); // since its last one
        assert.equal(on, from <= day && days < window, `window ${window}, day ${day}`);
        if (on) assert.equal(age, AGES.filter((least) => least <= days).length - 1);
      }
    }
  }
});

test("a window reaches into as many periods before as have days of it", () => {
  const periods = [
    span("2023-09-01", "2023-09-01", "2023-09-30"),
    span("2023-10-01", "2023-10-01", "2023-10-15"),
    span("2023-10-16", "2023-10-16", "2023-10-31"),
    span("2023-11-01", "2023-11-01", "2023-11-30"),
  ];
  const before = (index: number, window: number): string[] =>
    periodsBefore(periods, index, window).map(({ id }) => id);
  assert.deepEqual(before(3, 1), []);
  assert.deepEqual(before(3, 7), ["2023-10-16"]);
  assert.deepEqual(before(3, 17), ["2023-10-16"]);
  assert.deepEqual(before(3, 18), ["2023-10-16", "2023-10-01"]);
  assert.deepEqual(before(0, 30), []);
});

test("the card counts the shown day and the days of the window before it", () => {
  const days = ["2023-11-02", "2023-11-03", "2023-11-09", "2023-11-10"].map((day, i) => ({
    day,
    begins: [],
    areas: 0,
    events: 10 ** i,
    km2: {},
  }));
  assert.equal(countIn(days, "2023-11-09", 1), null);
  assert.deepEqual(countIn(days, "2023-11-09", 7), { window: 7, count: 110, all: 110 });
  assert.deepEqual(countIn(days, "2023-11-09", Infinity), { window: Infinity, count: 111, all: 111 });
});

test("a link says the choice of events, and nonsense in it counts as not said", () => {
  const read = (text: string) => choiceOf((name) => new URLSearchParams(text).get(name));
  const choice = {
    window: 30,
    hidden: new Set(["damage.kind.other", "events.side.ru"]),
    open: "damage.4503599627370497",
  };
  assert.deepEqual(read(choiceText(choice)), choice);
  assert.equal(choiceText(read("")), "");
  assert.deepEqual(read("days=7&hide=,a.b,<script>,x..z&event=damage.1e9"), read(""));
});

test("what is left out of the list is left out of the map by the same terms", () => {
  const hidden = new Set(["damage.kind.other", "damage.exactness.region"]);
  const left = (layer: string, properties: object): boolean => isHidden(hidden, layer, { ...properties });
  assert.equal(left("damage", { kind: "other" }), true);
  assert.equal(left("damage", { kind: "strike", exactness: "region" }), true);
  assert.equal(left("damage", { kind: "strike", exactness: "near" }), false);
  assert.equal(left("events", { kind: "other" }), false, "another layer");
  assert.deepEqual(filterOf(hidden, "damage"), [
    "all",
    ["!", ["in", ["to-string", ["get", "kind"]], ["literal", ["other"]]]],
    ["!", ["in", ["to-string", ["get", "exactness"]], ["literal", ["region"]]]],
  ]);
  assert.equal(filterOf(hidden, "events"), undefined);
});
