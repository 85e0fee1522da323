import assert from "node:assert/strict";
import { test } from "node:test";
import { FIRST_LABEL, FIRST_WATER } from "../src/basemap";
import {
  CHANGE_LAYERS,
  changeStyle,
  imagesOf,
  isBeneath,
  legendOf,
  type LiveMap,
} from "../src/desk/change_style";
import { BUILT } from "../src/ground";

globalThis.location = { href: "http://127.0.0.1:8001/desk/held/1" } as Location;

const area = (paint: number) => ({
  type: "Feature" as const,
  properties: { paint, title: "" },
  geometry: {
    type: "Polygon" as const,
    coordinates: [
      [
        [36, 48],
        [37, 48],
        [37, 49],
        [36, 48],
      ],
    ],
  },
});
const paint = (words: string, texture: "fill" | "hatch" | "outline" | "line") => ({
  words,
  colour: "#111111",
  colour_dark: "#eeeeee",
  texture,
});
const MAP: LiveMap = {
  name: "state0",
  title: "Land that changes hands",
  bounds: [36, 48, 37, 49],
  paints: [
    paint("unused", "outline"),
    paint("gained", "fill"),
    paint("lost", "hatch"),
    paint("public", "hatch"),
    paint("front", "line"),
  ],
  public: { type: "FeatureCollection", features: [area(3)] },
  front: {
    type: "FeatureCollection",
    features: [
      {
        type: "Feature",
        properties: { paint: 4, title: "" },
        geometry: {
          type: "LineString",
          coordinates: [
            [36, 48],
            [37, 49],
          ],
        },
      },
    ],
  },
  change: { type: "FeatureCollection", features: [area(1), area(2)] },
  marks: [{ at: [36, 48], label: "1", paint: 1, title: "", target: "state0-1" }],
};

void test("the change lies above all land and below the names, what is public below the water", () => {
  const ids = changeStyle(MAP, BUILT, "light").layers.map(({ id }) => id);
  const publicAt = ids.findIndex((id) => id.startsWith("public-"));
  assert.ok(publicAt >= 0 && publicAt < ids.indexOf(FIRST_WATER));
  for (const id of CHANGE_LAYERS) {
    assert.ok(ids.indexOf(id) > ids.indexOf(FIRST_WATER), id);
    assert.ok(ids.indexOf(id) < ids.indexOf(FIRST_LABEL), id);
  }
});

void test("the public front lies above the land that changes and below events, in the colour of its class", () => {
  const { layers, sources } = changeStyle(MAP, BUILT, "light");
  const ids = layers.map(({ id }) => id);
  const at = ids.indexOf("front-front-front");
  assert.ok(at > ids.indexOf("change-edge") && at < ids.indexOf("change-points"));
  const drawn = layers[at]!.paint as Record<string, unknown>;
  assert.equal(drawn["line-color"], "#111111");
  assert.equal(drawn["line-layer-opacity"], 1);
  assert.ok("front" in sources);
  assert.equal(layers[ids.indexOf("front-front-teeth")]!.type, "symbol");
  const none = changeStyle({ ...MAP, front: { type: "FeatureCollection", features: [] } }, BUILT, "light");
  assert.ok(none.layers.every(({ id }) => !id.startsWith("front-")));
});

void test("what is public is seen, and read from GeoJSON, which has no source layers", () => {
  const own = changeStyle(MAP, BUILT, "dark").layers.filter(({ id }) => id.startsWith("public-"));
  for (const layer of own) {
    assert.ok(!("source-layer" in layer));
    assert.ok((layer.paint as Record<string, number>)["fill-layer-opacity"]! > 0);
  }
});

void test("every image of a theme's style is named in its colours", () => {
  assert.deepEqual(imagesOf(MAP, "light"), ["hatch:#111111", "teeth:#111111:light"]);
  assert.deepEqual(imagesOf(MAP, "dark"), ["hatch:#eeeeee", "teeth:#eeeeee:dark"]);
});

void test("the legend has what is on the map, and nothing else", () => {
  assert.deepEqual(
    legendOf(MAP).map(([number, { words }]) => `${number} ${words}`),
    ["1 gained", "2 lost", "3 public", "4 front"],
  );
  assert.deepEqual(
    [1, 2, 3, 4].filter((number) => isBeneath(MAP, number)),
    [3],
  );
});
