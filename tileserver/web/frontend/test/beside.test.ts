import assert from "node:assert/strict";
import { test } from "node:test";
import { zoomOf } from "../src/arrows";
import { besides, cover, type Sizes, type Spot } from "../src/beside";
import { markSize } from "../src/event_layers";
import { numberSize } from "../src/number_style";

const SIZES: Sizes = { number: 7.5, mark: 3.5, width: 375, height: 812, rightward: true };

const events = (...at: Spot[]): { events: Spot[]; cities: Spot[] } => ({ events: at, cities: [] });
const covers = ([x, y]: Spot, [left, top]: Spot, reach: number): boolean =>
  Math.abs(x - left) < reach && Math.abs(y - top) < reach;

test("a number with nothing around it stands on its place", () => {
  assert.deepEqual(besides([[100, 100]], events([140, 100]), SIZES), [[100, 100]]);
});

test("numbers of places that lie on each other do not cover each other, nor what happened there", () => {
  const places: Spot[] = [
    [310, 448],
    [305, 459],
    [300, 466],
    [302, 455],
  ];
  const marks: Spot[] = places.map(([x, y]) => [x - 3, y + 2]);
  const found = besides(places, events(...marks), SIZES);
  for (const [i, at] of found.entries()) {
    for (const other of found.slice(i + 1)) assert.ok(!covers(at, other, 2 * SIZES.number), `${i}`);
    for (const mark of marks) assert.ok(!covers(at, mark, SIZES.number + SIZES.mark), `${i}`);
  }
});

test("a number gives way to a single event, and to a single city", () => {
  for (const zoom of [4, 6, 9, 12]) {
    const sizes: Sizes = { ...SIZES, number: 10 * numberSize(zoom), mark: 8 * markSize(zoom, {}) };
    const around: Spot[] = [[102, 99]];
    const [beside] = besides([[100, 100]], { events: around, cities: [] }, sizes);
    assert.ok(!covers(beside!, around[0]!, sizes.number + sizes.mark), `event at zoom ${zoom}`);
    const [off] = besides([[100, 100]], { events: [], cities: around }, sizes);
    assert.ok(!covers(off!, around[0]!, sizes.number), `city at zoom ${zoom}`);
  }
});

test("numbers are crowded where two cover each other", () => {
  assert.ok(
    cover(
      [
        [100, 100],
        [114, 100],
      ],
      SIZES,
    ),
  );
  assert.ok(
    !cover(
      [
        [100, 100],
        [115, 100],
      ],
      SIZES,
    ),
  );
});

test("a number leaves neither the screen nor the side that its words need", () => {
  const crowd: Spot[] = [[8, 8]];
  const [[x, y]] = besides([[8, 8]], events(...crowd), SIZES) as [Spot];
  assert.ok(x >= SIZES.number && y >= SIZES.number);
  const [beside] = besides([[100, 100]], events([100, 100]), { ...SIZES, rightward: false });
  assert.ok(beside![0] < 100 + SIZES.number);
});

test("an arrow is drawn from the zoom on at which it is long enough", () => {
  const line: [number, number][] = [
    [0, 0],
    [360 / 512, 0],
  ];
  assert.equal(zoomOf(line, 1), 0);
  assert.equal(zoomOf(line, 16), 4);
});
