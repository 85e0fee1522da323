// The sea, lakes and broad rivers as areas (GSHHG). Control is drawn over the land and under the water, so the sea is
// an area too: everything around the land.

import { readFileSync } from "node:fs";
import { clipped, halfOf, inRing } from "./clip.mjs";
import {
  AROUND,
  areaOf,
  asCollection,
  asFeature,
  asPoint,
  boxOf,
  inRegions,
  named,
  ringOf,
} from "./geometry.mjs";
import { Nearby } from "./nearby.mjs";
import { ISLAND, LAKE, LAND, readShapes } from "./gshhg.mjs";

const LEAST_KM2 = 1; // ponds are noise on a map of a war
const LEAST_ISLAND_KM2 = 0.05;
const BROAD_KM2 = 20,
  STRAY_KM = 2.5;

/** The Dnipro from Kremenchuk to its mouth is one lake of the source. Its reservoir at Kakhovka has an end: it lies
 *  east of the dam, and south of where the river below Zaporizhzhia is no wider than it was before the dam. */
export const DNIPRO = { id: "180530", dam: 33.37, south: 48, head: 47.72 };

/** Does a point of the Dnipro's course lie where the reservoir was? */
export const inReservoir = ([lon, lat]) => lon > DNIPRO.dam && lon < 36 && lat < DNIPRO.head;

const closed = (line) => [...line, line[0]];

/** The Dnipro's ring as [{ring, dated}]: the water that stays, and the reservoir. */
function partsOfDnipro(ring) {
  const lower = halfOf(ring, 1, DNIPRO.head, -1);
  return [
    { ring: halfOf(ring, 1, DNIPRO.head, 1) },
    { ring: halfOf(lower, 0, DNIPRO.dam, -1) },
    { ring: halfOf(lower, 0, DNIPRO.dam, 1), dated: "kakhovka" },
  ];
}

function seaAround(lands) {
  const holes = lands
    .map(({ line }) => clipped(closed(line), AROUND))
    .filter((ring) => ring.length > 3 && areaOf(ring) >= LEAST_ISLAND_KM2);
  return asFeature({ type: "Polygon", coordinates: [ringOf(AROUND), ...holes] }, { kind: "sea", km2: 1e6 });
}

/** Areas of water of the regions and of all around them. `dates` is {name: {from, to}}. */
export function waterAreas(folder, dates) {
  const shapes = readShapes(folder, "gshhs", AROUND);
  const islands = shapes.filter(({ type, km2 }) => type === ISLAND && km2 >= LEAST_ISLAND_KM2);
  const lakes = shapes
    .filter(({ type, km2, line }) => type === LAKE && km2 >= LEAST_KM2 && inRegions(boxOf(line)))
    .flatMap(({ id, line }) => (id === DNIPRO.id ? partsOfDnipro(closed(line)) : [{ ring: closed(line) }]))
    .map(({ ring, dated }) => {
      const own = islands.filter(({ line }) => inRing(line[0], ring)).map(({ line }) => closed(line));
      const km2 = Math.round(areaOf(ring) * 10) / 10;
      return asFeature(
        { type: "Polygon", coordinates: [ring, ...own] },
        { kind: "lake", km2, ...(dated ? dates[dated] : {}) },
      );
    });
  if (!lakes.some(({ properties }) => properties.to))
    throw new Error("GSHHG: the Dnipro is not where it was; has the source changed?");
  return asCollection([seaAround(shapes.filter(({ type }) => type === LAND)), ...lakes]);
}

/** Is a point on a lake of `areas`, or so near its shore that a coarse line through it strays there? */
export function onLake(areas) {
  const lakes = areas.features
    .filter(({ properties }) => properties.kind === "lake" && properties.km2 >= BROAD_KM2)
    .map(({ geometry: { coordinates } }) => ({
      ring: coordinates[0],
      box: boxOf(coordinates[0]),
      shore: new Nearby(),
    }));
  for (const { ring, shore } of lakes) for (const point of ring) shore.add(point, true);
  return ([lon, lat]) =>
    lakes.some(
      ({ ring, box: [west, south, east, north], shore }) =>
        lon > west - 0.05 &&
        lon < east + 0.05 &&
        lat > south - 0.05 &&
        lat < north + 0.05 &&
        (inRing([lon, lat], ring) || (shore.nearest([lon, lat])?.km ?? Infinity) < STRAY_KM),
    );
}

/** A label point for each sea, bay and lake of our table. */
export function waterLabels(dates) {
  const waters = JSON.parse(readFileSync(new URL("./tables/waters.json", import.meta.url), "utf8"));
  return asCollection(
    waters.map(({ at, zoom, size, dated, ...names }) =>
      asPoint(at, { ...named(names), zoom, size, ...(dated ? dates[dated] : {}) }),
    ),
  );
}
