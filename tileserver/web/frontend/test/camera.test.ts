// What a page sees of the world at first, so that its tiles can be asked for before there is a map.

import assert from "node:assert/strict";
import { test } from "node:test";
import { overlaid, tilesSeen, zoomIn } from "../src/camera";

const there = { minzoom: 0, maxzoom: 8, bounds: [22, 44, 40.4, 52.5] as [number, number, number, number] };
const named = (...seen: Parameters<typeof tilesSeen>): string[] =>
  tilesSeen(...seen).map(({ z, x, y }) => `${z}/${x}/${y}`);

test("a page sees the tiles that MapLibre loads for it, and none where the tileset has nothing", () => {
  // As the browser asked for them on a page of 1440 by 900 px.
  assert.deepEqual(named({ zoom: 6.2, lat: 48.2, lon: 36.2 }, 1440, 900, there), [
    "6/37/21",
    "6/37/22",
    "6/38/21",
    "6/38/22",
    "6/39/21",
    "6/39/22",
  ]);
  assert.deepEqual(named({ zoom: 6.2, lat: 48.2, lon: 5 }, 400, 400, there), []);
});

test("beyond the deepest tiles a page sees those, and above the highest none", () => {
  assert.deepEqual(named({ zoom: 12.5, lat: 48.59, lon: 38.5 }, 800, 600, there), ["8/155/88"]);
  assert.deepEqual(named({ zoom: 2, lat: 48, lon: 36 }, 800, 600, { ...there, minzoom: 3 }), []);
});

test("a small page looks at a theatre from farther away, but not from anywhere", () => {
  const clear = (right: number, bottom: number) => ({ left: 0, top: 0, right, bottom });
  assert.equal(zoomIn(6, clear(1200, 800)), 6);
  assert.equal(zoomIn(6, clear(450, 800)), 5);
  assert.equal(zoomIn(6, clear(100, 100)), 4.2);
  assert.equal(zoomIn(3, clear(100, 100)), 2.5);
});

test("a picture is laid over a map so that each of its points is the map's", () => {
  const map = { zoom: 5, lat: 48, lon: 30 };
  assert.deepEqual(overlaid(map, map), { right: 0, down: 0, times: 1 });
  // 45 degrees are an eighth of the world, which is 512 px wide at zoom 0; a picture from one zoom above is half as large.
  const { right, down, times } = overlaid({ zoom: 6, lat: 0, lon: 45 }, { zoom: 5, lat: 0, lon: 0 });
  assert.deepEqual([right, Math.round(down), times], [2048, 0, 0.5]);
  assert.ok(overlaid({ ...map, lat: 49 }, map).down < 0);
});
