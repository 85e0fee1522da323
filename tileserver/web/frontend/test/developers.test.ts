// The requests that the page for developers makes of the OpenAPI document.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fromGeojsonVt } from "vt-pbf";
import { layersOf } from "../src/developers/answer";
import { addressOf, curlOf, missingOf, valuesOf, type Parameter } from "../src/developers/request";

const parameter = (name: string, place: string): Parameter => ({
  name,
  in: place,
  description: "",
  required: place === "path",
  schema: { type: "string" },
});
const TILE = "/tiles/{tileset}/{z}/{x}/{y}.mvt";
const OF_TILE = [
  ...["tileset", "z", "x", "y"].map((name) => parameter(name, "path")),
  ...["datetime", "kind"].map((name) => parameter(name, "query")),
];

test("an example is taken apart into the fields of its form, and put together again", () => {
  for (const address of [
    "/tiles/toy.control,toy.events/6/38/22.mvt",
    "/tiles/toy/6/38/22.mvt?datetime=2023-11-01/2023-11-09",
    "/tiles/toy/6/38/22.mvt?datetime=2023-11-09T12:00:00Z&kind=battle,siege",
  ]) {
    const values = valuesOf(TILE, address);
    assert.deepEqual(missingOf(OF_TILE, values), []);
    assert.equal(addressOf(TILE, OF_TILE, values), address);
  }
});

test("an address of another path has no values, and a path without them says which are missing", () => {
  assert.deepEqual(valuesOf(TILE, "/tilesets/toy"), {});
  assert.deepEqual(missingOf(OF_TILE, { tileset: "toy", z: "6" }), ["x", "y"]);
});

test("what somebody writes stays within its part of the address", () => {
  const values = { tileset: "a/../b?c#d", z: "6", x: "38", y: "22", datetime: "a&revision=1#" };
  const address = addressOf(TILE, OF_TILE, values);
  assert.equal(address, "/tiles/a%2F..%2Fb%3Fc%23d/6/38/22.mvt?datetime=a%26revision%3D1%23");
});

test("a request for a shell is quoted for it, and names a key without telling it", () => {
  const told = curlOf("http://x/tiles/o'neill?datetime=a", "text/html", true, true);
  assert.equal(
    told,
    `curl --compressed -H 'Accept: text/html' -H "X-Api-Key: $TILESERVER_KEY" -o tile.mvt 'http://x/tiles/o'\\''neill?datetime=a'`,
  );
});

test("a tile is told by its layers, with what is in each", () => {
  const ring = [
    [0, 0],
    [9, 0],
    [9, 9],
    [0, 0],
  ];
  const layers = {
    control: { features: [{ type: 3, geometry: [ring], tags: { status: "held" } }] },
    events: {
      features: [
        { type: 1, geometry: [[1, 1]], tags: { kind: "battle" } },
        { type: 1, geometry: [[2, 2]], tags: { text: "there" } },
      ],
    },
  };
  const bytes = fromGeojsonVt(layers, { version: 2, extent: 4096 });
  assert.deepEqual(layersOf(new Uint8Array(bytes).buffer), [
    { name: "control", features: 1, kinds: "polygons", properties: "status" },
    { name: "events", features: 2, kinds: "points", properties: "kind, text" },
  ]);
});
