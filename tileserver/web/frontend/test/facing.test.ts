// Lines of the front are turned so that the land of its side is on their right, and nothing else of a tile is changed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { VectorTile, type VectorTileLayer } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import { fromGeojsonVt } from "vt-pbf";
import { faced, type Facing } from "../src/facing";
import { facingIn, facingOf } from "../src/facing_url";

type Line = [number, number][];
const facing: Facing = { front: "line", areas: "zones", property: "status", ours: ["a", "old"] };

// Rings as geojson-vt has them: outer ones with a positive area where y points down.
const square = (x: number, y: number, status: string): object => ({
  id: x + 1,
  type: 3,
  geometry: [
    [
      [x, y],
      [x + 100, y],
      [x + 100, y + 100],
      [x, y + 100],
      [x, y],
    ],
  ],
  tags: { status, from: 3, to: 9 },
});
const line = (id: number, ...lines: Line[]): object => ({
  id,
  type: 2,
  geometry: lines,
  tags: { from: 3, to: 9 },
});
const tile = (layers: Record<string, object[]>): Uint8Array =>
  fromGeojsonVt(Object.fromEntries(Object.entries(layers).map(([name, features]) => [name, { features }])), {
    version: 2,
    extent: 4096,
  });
const layerOf = (bytes: Uint8Array, name: string): VectorTileLayer =>
  new VectorTile(new PbfReader(bytes)).layers[name]!;
const linesOf = (bytes: Uint8Array, i: number): Line[] =>
  layerOf(bytes, "line")
    .feature(i)
    .loadGeometry()
    .map((points) => points.map(({ x, y }) => [x, y]));

// The square is below the first line, so going east has it on the right; it is left of the second, which goes south.
const east: Line = [
  [0, 0],
  [100, 0],
];
const south: Line = [
  [100, 0],
  [100, 100],
];
const back = (points: Line): Line => points.toReversed();

test("each line of each feature is turned by itself, whichever way it came", () => {
  const made = tile({
    zones: [square(0, 0, "a"), square(100, 0, "other")],
    line: [line(7, back(east), south), line(8, east)],
  });
  const turned = faced(made, facing);
  assert.deepEqual(linesOf(turned, 0), [east, south]);
  assert.deepEqual(linesOf(turned, 1), [east]);
  assert.deepEqual(faced(turned, facing), turned, "once is enough");
});

test("ids, properties and all other layers stay as they are", () => {
  const made = tile({ dots: [line(3, east)], zones: [square(0, 0, "old")], line: [line(7, back(east))] });
  const turned = faced(made, facing);
  const [before, after] = [layerOf(made, "line").feature(0), layerOf(turned, "line").feature(0)];
  assert.deepEqual([after.id, after.properties], [before.id, before.properties]);
  for (const name of ["dots", "zones"]) {
    const [one, other] = [layerOf(made, name).feature(0), layerOf(turned, name).feature(0)];
    assert.deepEqual([one.properties, one.loadGeometry()], [other.properties, other.loadGeometry()]);
  }
});

test("a tile that has no front, no areas, or nothing to turn is the very same", () => {
  for (const layers of [
    { zones: [square(0, 0, "a")] },
    { line: [line(7, back(east))] },
    { zones: [square(0, 0, "other")], line: [line(7, back(east))] },
    { zones: [square(0, 0, "a")], line: [line(7, east)] },
  ]) {
    const made = tile(layers);
    assert.equal(faced(made, facing), made);
  }
  const none = new Uint8Array();
  assert.equal(faced(none, facing), none);
});

test("what the worker has to know is in the URL behind what a server sees, and only where a front has a side", () => {
  const category = (code: string, side: string): object => ({ code, side });
  const drawn = [
    { name: "zones", role: "areas", category: "status", legend: [category("a", "us"), category("b", "")] },
    { name: "li,ne", role: "front", legend: [], derived: { layer: "zones", side: "us" } },
  ];
  const said = facingIn({ drawn } as never);
  assert.equal(new URL(`https://x.org/history/t/p/1/2/3.mvt${said}`).pathname, "/history/t/p/1/2/3.mvt");
  assert.deepEqual(facingOf(`https://x.org/3.mvt${said}`), {
    front: "li,ne",
    areas: "zones",
    property: "status",
    ours: ["a"],
  });
  assert.equal(facingIn({ drawn: [drawn[0], { ...drawn[1], derived: undefined }] } as never), "");
  assert.equal(facingOf("https://x.org/3.mvt"), null);
});
