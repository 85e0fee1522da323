// One day at a time, whole or not at all: wishes pile up, only the newest is kept, and an error changes nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DayQueue, type Prepared, type Progress } from "../src/dayqueue";

interface Job {
  day: string;
  finish(): void;
  fail(): void;
  dropped: boolean;
}

function bench(delay = 1): { queue: DayQueue; jobs: Job[]; states: Progress[]; shown: string[] } {
  const jobs: Job[] = [],
    states: Progress[] = [],
    shown: string[] = [];
  const prepare = (day: string): Promise<Prepared> =>
    new Promise((resolve, reject) => {
      const job: Job = {
        day,
        dropped: false,
        fail: () => reject(new Error(day)),
        finish: () =>
          resolve({
            reveal: () => shown.push(day),
            drop: () => {
              job.dropped = true;
            },
          }),
      };
      jobs.push(job);
    });
  return {
    queue: new DayQueue({ prepare, onProgress: (state) => states.push(state), delay: () => delay }),
    jobs,
    states,
    shown,
  };
}

const turn = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("of many wishes during one load only the newest is loaded after it", async () => {
  const { queue, jobs, shown, states } = bench();
  for (let day = 1; day <= 9; day++) queue.want(`2023-11-0${day}`);
  await turn();
  jobs[0]?.finish();
  await turn();
  assert.deepEqual(
    jobs.map((job) => job.day),
    ["2023-11-01", "2023-11-09"],
  );
  jobs[1]?.finish();
  await turn();
  assert.deepEqual(shown, ["2023-11-01", "2023-11-09"]);
  assert.deepEqual(states.at(-1), { phase: "ready", shown: "2023-11-09", wanted: "2023-11-09" });
});

test("no more than one load is ever under way", async () => {
  const { queue, jobs } = bench();
  for (const day of ["2023-11-01", "2023-11-02", "2023-11-03"]) {
    queue.want(day);
    await turn();
  }
  assert.equal(jobs.length, 1);
});

test("the state names the shown day until the next one is shown", async () => {
  const { queue, jobs, states } = bench();
  queue.want("2023-11-01");
  jobs[0]?.finish();
  await turn();
  queue.want("2023-11-02");
  await turn();
  assert.deepEqual(states.at(-1), { phase: "loading", shown: "2023-11-01", wanted: "2023-11-02" });
});

test("a failed day leaves the shown one and is tried again", async () => {
  const { queue, jobs, states, shown } = bench();
  queue.want("2023-11-01");
  jobs[0]?.finish();
  await turn();
  queue.want("2023-11-02");
  await turn();
  jobs[1]?.fail();
  await turn();
  assert.deepEqual(states.at(-1), { phase: "error", shown: "2023-11-01", wanted: "2023-11-02" });
  await turn(20);
  jobs[2]?.finish();
  await turn();
  assert.deepEqual(shown, ["2023-11-01", "2023-11-02"]);
});

test("a day that nobody wants any more is not tried again", async () => {
  const { queue, jobs } = bench();
  queue.want("2023-11-01");
  queue.want("2023-11-02");
  await turn();
  jobs[0]?.fail();
  await turn(20);
  assert.deepEqual(
    jobs.map((job) => job.day),
    ["2023-11-01", "2023-11-02"],
  );
});

test("going back to the shown day while another loads ends on the shown day", async () => {
  const { queue, jobs, states } = bench();
  queue.want("2023-11-01");
  jobs[0]?.finish();
  await turn();
  queue.want("2023-11-02");
  queue.want("2023-11-01");
  jobs[1]?.finish();
  await turn();
  jobs[2]?.finish();
  await turn();
  assert.deepEqual(states.at(-1), { phase: "ready", shown: "2023-11-01", wanted: "2023-11-01" });
});

test("what was prepared for another theatre is dropped unseen", async () => {
  const { queue, jobs, shown } = bench();
  queue.want("2023-11-01");
  await turn();
  queue.forget();
  queue.want("1944-06-06");
  jobs[0]?.finish();
  await turn();
  assert.equal(jobs[0]?.dropped, true);
  jobs[1]?.finish();
  await turn();
  assert.deepEqual(shown, ["1944-06-06"]);
});

test("a day that is there is shown at once, and what was being prepared meanwhile is not", async () => {
  const there = new Set(["2023-11-02"]),
    shown: string[] = [],
    states: Progress[] = [];
  let finish = (): void => undefined,
    dropped = false;
  const queue = new DayQueue({
    instantly: (day) => there.has(day) && shown.push(day) > 0,
    onProgress: (state) => states.push(state),
    prepare: (day) =>
      new Promise((resolve) => {
        finish = () =>
          resolve({
            reveal: () => shown.push(day),
            drop: () => {
              dropped = true;
            },
          });
      }),
  });
  queue.want("2023-11-09");
  queue.want("2023-11-02");
  assert.deepEqual(states.at(-1), { phase: "ready", shown: "2023-11-02", wanted: "2023-11-02" });
  finish();
  await turn();
  assert.deepEqual([shown, dropped], [["2023-11-02"], true]);
  assert.deepEqual(states.at(-1), { phase: "ready", shown: "2023-11-02", wanted: "2023-11-02" });
});

test("a refresh loads the shown day once more", async () => {
  const { queue, jobs } = bench();
  queue.want("2023-11-01");
  jobs[0]?.finish();
  await turn();
  queue.refresh();
  await turn();
  assert.equal(jobs.length, 2);
});
