import assert from "node:assert/strict";
import { test } from "node:test";
import type { LayerSpecification } from "maplibre-gl";
import { paletteOf } from "../src/basemap";
import { labelLayers } from "../src/basemap_labels";
import { atZoom, firstCity, firstGreatCity } from "../src/clearance";

const ids = (layers: LayerSpecification[]): string[] => layers.map(({ id }) => id);

test("marks push the names of small places away, and those of cities never", () => {
  const names = ids(labelLayers(paletteOf("light"), "en"));
  const room = names.indexOf(firstCity(names) ?? "");
  for (const small of ["world-places", "regions-places", "region-river-names"])
    assert.ok(names.indexOf(small) < room, small);
  for (const city of ["world-cities", "regions-cities"]) assert.ok(names.indexOf(city) >= room, city);
  const great = names.indexOf(firstGreatCity(names) ?? "");
  for (const city of ["world-great-cities", "regions-great-cities"])
    assert.ok(names.indexOf(city) >= great, city);
  for (const city of ["world-cities", "regions-cities"]) assert.ok(names.indexOf(city) < great, city);
});

test("cities of an archive of one's own stay too", () => {
  const own = [
    "world-places",
    "regions-places",
    "own-label-place-town",
    "own-label-place-city",
    "world-cities",
  ];
  assert.equal(firstCity(own), "own-label-place-city");
  assert.equal(firstGreatCity([...own, "world-great-cities"]), "own-label-place-city");
});

test("a place is a great city, a city or a small one, and never two of them", () => {
  const filters = labelLayers(paletteOf("light"), "en")
    .filter(({ id }) => id.startsWith("regions-"))
    .map((layer) => JSON.stringify("filter" in layer ? layer.filter : null));
  const city = JSON.stringify(["<=", ["get", "zoom"], ["max", 7, ["min", 9, ["zoom"]], ["-", ["zoom"], 1]]]);
  assert.equal(filters.filter((one) => one.includes(`["!",${city}]`)).length, 1);
  assert.equal(filters.filter((one) => one.includes(city)).length, 2);
  const great = JSON.stringify(["<=", ["get", "zoom"], ["max", 5, ["-", ["zoom"], 3]]]);
  assert.equal(filters.filter((one) => one.includes(`["!",${great}]`)).length, 1);
  assert.equal(filters.filter((one) => one.includes(great)).length, 2);
});

test("a filter is asked at the zoom of the map, not at that of its tiles", () => {
  const filter = ["all", ["<=", ["get", "zoom"], ["zoom"]], ["!", ["<=", ["zoom"], 7]]];
  assert.deepEqual(atZoom(filter, 6.4), ["all", ["<=", ["get", "zoom"], 6.4], ["!", ["<=", 6.4, 7]]]);
});
