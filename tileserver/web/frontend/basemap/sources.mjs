// Read the land, the countries and their borders from npm's data packages. Longitude and latitude in degrees (WGS 84).

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { feature, mesh } from "topojson-client";
import { topology } from "topojson-server";
import { moveCrimeaInTopology, withoutCrimea } from "./crimea.mjs";
import {
  REGIONS,
  asCollection,
  asFeature,
  asPoint,
  boxOf,
  inRegions,
  named,
  outsideRegions,
  ringOf,
} from "./geometry.mjs";

const require = createRequire(import.meta.url);
const LANGUAGES = ["en", "uk", "ru", "de", "fr"];

const polygonsOf = (geometry) =>
  geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
const dataOf = (name) => JSON.parse(readFileSync(require.resolve(name), "utf8"));

/** Natural Earth 1:10m countries with Crimea in Ukraine, as a topology. */
export function readNaturalEarth() {
  const world = dataOf("world-atlas/countries-10m.json");
  const ringOfArcs = (arcs) => feature(world, { type: "Polygon", arcs: [arcs] }).geometry.coordinates[0];
  moveCrimeaInTopology(world.objects.countries, ringOfArcs);
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

/** {land, border, outerBorder} of the whole world; `dates` are those of the borders. */
export function worldLayers(world, dates) {
  const countries = world.objects.countries;
  const border = mesh(world, countries, (a, b) => a !== b);
  const outer = { type: "MultiLineString", coordinates: outsideRegions(border.coordinates) };
  const properties = { level: 0, ...dates };
  return {
    land: asCollection(feature(world, countries).features.map(({ geometry }) => asFeature(geometry))),
    border: asCollection([asFeature(border, properties)]),
    outerBorder: asCollection([asFeature(outer, properties)]),
  };
}

/** The regions' land is their whole box, over which water is drawn. */
export const regionLand = () =>
  asCollection(REGIONS.map((region) => asFeature({ type: "Polygon", coordinates: [ringOf(region)] })));

/** The countries' borders within the regions. */
export const regionBorders = (dates) => asFeature(bordersOf(readRegionCountries()), { level: 0, ...dates });

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
  if (!region || !/^[A-Z]{2}$/.test(region)) return { name: fallback };
  const entries = LANGUAGES.map((language) => [
    language,
    new Intl.DisplayNames(language, { type: "region" }).of(region),
  ]);
  return { name: fallback, ...Object.fromEntries(entries) };
}

/** One label point for each country, with `zoom` from which it is worth its place. */
export function countryLabels(world, dates) {
  const labels = feature(world, world.objects.countries).features.map(({ id, properties, geometry }) => {
    const largest = polygonsOf(geometry)
      .map((polygon) => centreOf(polygon[0]))
      .sort((a, b) => b.area - a.area)[0];
    const zoom =
      largest.area > 60 ? 2 : largest.area > 12 ? 3 : largest.area > 3 ? 4 : largest.area > 0.25 ? 5 : 7;
    const names = named(namesOfCountry(id, properties.name));
    return asPoint(largest.point, { ...names, zoom, size: largest.area, ...dates });
  });
  return asCollection(labels);
}
