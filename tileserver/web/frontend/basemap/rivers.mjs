// Rivers as lines. Natural Earth has names and a rank, and is drawn to zoom 7; WDBII runs closer to the bed and knows
// no name, so from zoom 8 its lines have the name of the river of Natural Earth beside which they run.

import { readFileSync } from "node:fs";
import {
  asLine,
  contains,
  inRegions,
  boxOf,
  kmBetween,
  lengthOf,
  named,
  outsideRegions,
  partsWhere,
} from "./geometry.mjs";
import { readShapes } from "./gshhg.mjs";
import { readLines } from "./shapefile.mjs";
import { Nearby } from "./nearby.mjs";
import { inReservoir, onLake } from "./water.mjs";

const table = (name) => JSON.parse(readFileSync(new URL(`./tables/${name}.json`, import.meta.url), "utf8"));
const NAMED = table("rivers"),
  COURSES = table("courses");
const ZOOM_OF_RANK = { 1: 3, 2: 3, 3: 3, 4: 4, 5: 5, 6: 5, 7: 6, 8: 7, 9: 7 };
const UNNAMED_ZOOM = 8;
/** The last zoom of Natural Earth's lines; nearer ones are WDBII's. */
export const LAST_COARSE = 7;

const LAKE_LINE = "Lake Centerline",
  BED = "Дніпро"; // the river that is where the reservoir of Kakhovka was

/** Names, width and zoom of a river, which is named in `one` by a table of ours or by the source alone. */
function about(source, rank) {
  const zoom = ZOOM_OF_RANK[rank] ?? LAST_COARSE;
  const known = NAMED.find((one) => one.source === source || one.also?.includes(source));
  if (!known) return { zoom, width: 1, ...(source ? named({ name: source }) : {}) };
  const { name, en, uk, ru, de, fr, width } = known;
  return { zoom, width, ...named({ name, en, uk, ru, de, fr }) };
}

/** Lines of Natural Earth with names: [{properties, lines, lake}]. */
export function readNamedRivers(folder) {
  return readLines(new URL("ne_10m_rivers_lake_centerlines", folder).pathname, "latin1").map(
    ({ properties: { name, scalerank, featurecla }, lines }) => ({
      properties: about(name, Math.round(Number(scalerank))),
      lines,
      lake: featurecla === LAKE_LINE,
    }),
  );
}

/** Points along a line, at most `km` apart. */
function dense(line, km) {
  const points = [line[0]];
  for (let i = 1; i < line.length; i++) {
    const steps = Math.ceil(kmBetween(line[i - 1], line[i]) / km);
    for (let k = 1; k <= steps; k++)
      points.push(
        [0, 1].map((axis) => line[i - 1][axis] + ((line[i][axis] - line[i - 1][axis]) * k) / steps),
      );
  }
  return points;
}

const BESIDE_KM = 2.5,
  STRAY_KM = 7,
  LEAST_KM = 6;

/** The river beside which a line runs all along. */
function besides(line, nearby) {
  if (lengthOf(line) < LEAST_KM) return null;
  const found = dense(line, 2).map((point) => nearby.nearest(point));
  if (found.some((one) => !one || one.km > STRAY_KM)) return null;
  const mean = found.reduce((sum, one) => sum + one.km, 0) / found.length;
  const votes = new Map();
  for (const { what } of found) votes.set(what, (votes.get(what) ?? 0) + 1);
  const [river, count] = [...votes].sort((a, b) => b[1] - a[1])[0];
  return mean <= BESIDE_KM && count > found.length / 2 ? river : null;
}

const courseOf = (line) =>
  COURSES.find(({ points }) => points.some((point) => line.some((one) => kmBetween(one, point) < 4)));

function ofCourse({ zoom, width, name, en, ru, de }) {
  return { zoom, width, ...named({ name, en, ru, de }) };
}

/** Join lines end to end where ends are equal: the source is cut along each degree, and labels need length. */
export function joined(lines) {
  const key = ([lon, lat]) => `${lon.toFixed(4)} ${lat.toFixed(4)}`;
  const open = new Map(); // end -> chain
  const chains = new Set();
  for (const line of lines) {
    let chain = line;
    for (;;) {
      const [start, end] = [key(chain[0]), key(chain.at(-1))];
      const other = open.get(start) ?? open.get(end);
      if (!other || start === end) break;
      chains.delete(other);
      open.delete(key(other[0]));
      open.delete(key(other.at(-1)));
      if (key(other.at(-1)) === start) chain = [...other, ...chain.slice(1)];
      else if (key(other[0]) === end) chain = [...chain, ...other.slice(1)];
      else if (key(other[0]) === start) chain = [...other.toReversed(), ...chain.slice(1)];
      else chain = [...chain, ...other.toReversed().slice(1)];
    }
    chains.add(chain);
    open.set(key(chain[0]), chain);
    open.set(key(chain.at(-1)), chain);
  }
  return [...chains];
}

/** The parts of a river as features: on a lake it is there for its name, and becomes the river where the lake ends. */
function courseLines({ properties, lines }, isLake, dates) {
  const bed = (point) => properties.name === BED && inReservoir(point) && isLake(point);
  const kinds = [
    [(point) => !isLake(point), {}],
    [(point) => isLake(point) && !bed(point), { lake: 1 }],
    [bed, dates.bed],
  ];
  const smooth = lines.map((line) => dense(rounded(rounded(line)), 1));
  return kinds.flatMap(([meets, more]) =>
    partsWhere(smooth, meets).map((line) => asLine(line, { ...properties, ...more })),
  );
}

/** A line with its corners cut off. */
function rounded(line) {
  const between = ([x, y], [u, v], share) => [x + share * (u - x), y + share * (v - y)];
  const points = [line[0]];
  for (let i = 1; i < line.length; i++)
    points.push(between(line[i - 1], line[i], 0.25), between(line[i - 1], line[i], 0.75));
  return [...points, line.at(-1)];
}

/** Parts of the named rivers that no line of WDBII of the same name follows: where it has a broad river as a lake. */
function uncovered(rivers, nearby) {
  return rivers.map((river) => {
    const alone = (point) => {
      const near = nearby.nearest(point);
      return !near || near.what !== river.properties.name || near.km > STRAY_KM;
    };
    const parts = partsWhere(
      river.lines.map((line) => dense(line, 2)),
      alone,
    );
    return { ...river, lines: parts.filter((part) => part.length > 3) };
  });
}

/** `water` is the areas of water. {coarse, fine}: features of the regions, those of the zooms to LAST_COARSE and those of nearer ones. */
export function riverLines(folder, water, dates) {
  const isLake = onLake(water);
  const rivers = readNamedRivers(folder);
  const inside = rivers
    .map((river) => ({ ...river, lines: river.lines.filter((line) => inRegions(boxOf(line))) }))
    .filter(({ lines, properties }) => lines.length > 0 && properties.name);
  const coarse = inside.flatMap((river) => courseLines(river, isLake, dates));
  const byPoint = new Nearby();
  for (const { properties, lines } of inside)
    for (const line of lines) for (const point of dense(line, 1)) byPoint.add(point, properties);

  const groups = new Map();
  const box = [-7, 41, 47, 58];
  for (const { line } of readShapes(folder, "rivers", box)) {
    if (!line.some(contains)) continue;
    const course = courseOf(line);
    const properties = course
      ? ofCourse(course)
      : (besides(line, byPoint) ?? { zoom: UNNAMED_ZOOM, width: 1 });
    const key = JSON.stringify(properties);
    if (!groups.has(key)) groups.set(key, { properties, lines: [] });
    groups.get(key).lines.push(line);
  }
  const fine = [...groups.values()].flatMap(({ properties, lines }) =>
    joined(lines).map((line) => asLine(line, properties)),
  );
  const drawn = new Nearby();
  for (const { properties, geometry } of fine)
    if (properties.name)
      for (const point of dense(geometry.coordinates, 1)) drawn.add(point, properties.name);
  const courses = fine.filter(({ properties }) => COURSES.some(({ name }) => name === properties.name));
  return {
    coarse: [...coarse, ...courses],
    fine: [...fine, ...uncovered(inside, drawn).flatMap((river) => courseLines(river, isLake, dates))],
  };
}

/** Rivers of the world outside the regions. */
export const worldRivers = (folder) =>
  readNamedRivers(folder)
    .filter(({ properties, lake }) => !lake && properties.zoom <= 5)
    .flatMap(({ properties, lines }) => outsideRegions(lines).map((line) => asLine(line, properties)));
