// The state of the page: where it begins, what a wish is worth in the browser's history, when the next day is due.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Player } from "../src/player";
import {
  START,
  comparing,
  dayAfter,
  entryOf,
  entryOfComparing,
  hintOf,
  isDue,
  openingDay,
  stepped,
  wished,
} from "../src/state";
import type { PageState } from "../src/state";

const time = { first_day: "2022-02-24", last_day: "2024-11-01", default: "2024-10-31", newest: {} };
const ready: PageState = { ...START, phase: "ready", wanted: "2023-11-09", shown: "2023-11-09" };

test("a page begins at the day of its link, else at the theatre's, else at the server's", () => {
  const table: [string, string, string][] = [
    ["2023-11-09", "2022-03-01", "2023-11-09"],
    ["latest", "2022-03-01", "2024-11-01"],
    ["", "2022-03-01", "2022-03-01"],
    ["", "", "2024-10-31"],
    ["", "soon", "2024-10-31"],
  ];
  const { day: latest } = openingDay("latest", "", {
    ...time,
    newest: { areas: "2024-10-30", events: "2024-11-01" },
  });
  assert.equal(latest, "2024-10-30", "the latest day is that of control, however far events go on");
  for (const [at, opensAt, day] of table) assert.deepEqual(openingDay(at, opensAt, time), { day, asked: "" });
});

test("a day that is not public becomes the nearest that is, and the page says so until the reader goes on", () => {
  const { day, asked } = openingDay("2030-01-01", "", time);
  assert.deepEqual([day, asked], ["2024-11-01", "2030-01-01"]);
  const first = wished({ ...START, asked }, "step");
  assert.equal(first.asked, asked);
  const shown: PageState = { ...first, phase: "ready", wanted: day, shown: day };
  assert.deepEqual(hintOf(shown, false), { word: "clamped", days: { asked, day } });
  assert.equal(hintOf(wished(shown, "step"), false), null);
});

test("the line over the map speaks of the wanted day, and of a lost map before all else", () => {
  const wanted = "2023-11-10";
  assert.equal(hintOf(ready, false), null);
  assert.deepEqual(hintOf({ ...ready, phase: "loading", wanted }, false), {
    word: "loading",
    days: { day: wanted },
  });
  assert.equal(hintOf({ ...ready, phase: "loading" }, false), null, "drawn anew, the shown day stays");
  assert.deepEqual(hintOf({ ...ready, phase: "error", wanted }, false), {
    word: "failed",
    days: { day: wanted },
  });
  assert.deepEqual(hintOf({ ...ready, phase: "error", wanted }, true), { word: "lost", days: {} });
});

test("a jump is worth an entry in the browser's history, a step and the first day are not", () => {
  assert.equal(entryOf(wished(ready, "jump")), "push");
  assert.equal(entryOf(wished(ready, "step")), "replace");
  assert.equal(entryOf(wished(START, "jump")), "replace");
});

test("of the two days of a comparison the later one is to look at", () => {
  assert.deepEqual(comparing("2023-10-01", "2023-11-09"), { look: "2023-11-09", compare: "2023-10-01" });
  assert.deepEqual(comparing("2023-12-01", "2023-11-09"), { look: "2023-12-01", compare: "2023-11-09" });
  assert.deepEqual(comparing("", "2023-11-09"), { look: "2023-11-09", compare: "" });
});

test("the next day is due once the shown one has stood, and never before it is shown", () => {
  const playing = stepped({ ...ready, playing: true }, 1000, 125);
  assert.equal(playing.due, 1062.5, "after a pause a day stands for half of its time at least");
  assert.deepEqual([isDue(playing, 1062), isDue(playing, 1063)], [false, true]);
  assert.equal(isDue({ ...playing, phase: "loading" }, 9999), false);
  assert.equal(stepped(playing, 1063, 125).due, 1187.5, "else the beat is kept");
  assert.deepEqual([dayAfter(ready, "2023-11-10"), dayAfter(ready, "2023-11-09")], ["2023-11-10", ""]);
});

interface Bench {
  step: (ms: number) => void;
  player: Player;
  state: () => PageState;
  travelled: string[];
}

function player(from: string): Bench {
  let state: PageState = { ...ready, wanted: from, shown: from },
    now = 0;
  const frames: ((now: number) => void)[] = [];
  const travelled: string[] = [];
  const made = new Player({
    stepMs: 125,
    nextFrame: (act) => void frames.push(act),
    span: () => ({ first: "2023-11-01", last: "2023-11-30" }),
    state: () => state,
    change: (next) => void (state = next),
    travel: (day) => {
      travelled.push(day);
      state = { ...state, wanted: day, shown: day };
    },
  });
  const step = (ms: number): void => {
    now += ms;
    for (const frame of frames.splice(0)) frame(now);
  };
  return { step, player: made, state: () => state, travelled };
}

test("playing goes on a day at a time, at its pace, until the last one", () => {
  const { step, player: played, state, travelled } = player("2023-11-27");
  played.play(true);
  for (let frame = 0; frame < 60; frame++) step(16);
  assert.deepEqual(travelled, ["2023-11-28", "2023-11-29", "2023-11-30"]);
  assert.equal(state().playing, false);
});

test("from the last day on playing begins at the first, and a pause ends it", () => {
  const { step, player: played, travelled } = player("2023-11-30");
  played.play(true);
  assert.deepEqual(travelled, ["2023-11-01"]);
  played.play(false);
  for (let frame = 0; frame < 60; frame++) step(16);
  assert.deepEqual(travelled, ["2023-11-01"]);
});

test("a comparison that opens or ends is worth a step back, another day of it is not", () => {
  assert.equal(entryOfComparing("", "2023-10-01"), "push");
  assert.equal(entryOfComparing("2023-10-01", ""), "push");
  assert.equal(entryOfComparing("2023-10-01", "2023-10-02"), "replace");
});
