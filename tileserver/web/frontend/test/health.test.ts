// Who gives no sign of life is noticed, who is only slow is not, and who comes back is believed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Watch } from "../src/health";

function watched(): { watch: Watch; answers: (() => void)[]; said: boolean[] } {
  const answers: (() => void)[] = [],
    said: boolean[] = [];
  const ask = (): Promise<unknown> => new Promise<void>((resolve) => answers.push(resolve));
  return { watch: new Watch(ask, (stopped) => said.push(stopped)), answers, said };
}

const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

test("nothing is asked while nothing is awaited", () => {
  const { watch, answers, said } = watched();
  for (let i = 0; i < 20; i++) watch.tick(false);
  assert.deepEqual([answers.length, said], [0, []]);
});

test("silence is said once, also after the wish has gone", () => {
  const { watch, answers, said } = watched();
  watch.tick(true);
  for (let i = 0; i < 20; i++) watch.tick(false);
  assert.deepEqual([answers.length, said], [1, [true]]);
});

test("an answer that is late but comes leaves nothing behind", async () => {
  const { watch, answers, said } = watched();
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 4; i++) watch.tick(true);
    answers.at(-1)!();
    await settled();
  }
  assert.deepEqual(said, []);
  for (let i = 0; i < 9; i++) watch.tick(true);
  answers.at(-1)!();
  await settled();
  assert.deepEqual(said, [true, false]);
});
