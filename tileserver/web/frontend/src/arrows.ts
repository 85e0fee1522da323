// The arrows and sectors that notes declare: where somebody attacks, and the land that a note is about, as the desk says it. A
// note's property `arrow` has one or several, each a side and the places that it leads through:
// `russia 49.9,38.0 49.7,37.7; ukraine 48.5,37.9 48.6,38.1`. Its property `sector` has outlines in the same words, by corners.

import type { Note } from "./notes";
import { textOf } from "./notes";

/** An arrow or a sector: whose it is, "" where none is said, and places in degrees, at least two, of a sector three. */
export interface Arrow {
  side: string;
  places: [lon: number, lat: number][];
}

const MOST = 8; // arrows of a note, and places of an arrow: more says nothing to anybody
const MOST_CORNERS = 16; // of a sector
const BEND = 0.16; // of its length, by which an arrow between two places leaves the straight line
const STEPS = 12; // lines that a curve is drawn with, from place to place

/** The arrows of a note; what makes no sense is no arrow. */
export const arrowsOf = ({ properties }: Pick<Note, "properties">): Arrow[] =>
  drawnIn(textOf(properties["arrow"]), 2, MOST);

/** The sectors of a note by their corners, the first not said again; what makes no sense is no sector. */
export const sectorsOf = ({ properties }: Pick<Note, "properties">): Arrow[] =>
  drawnIn(textOf(properties["sector"]), 3, MOST_CORNERS);

function drawnIn(said: string, fewest: number, most: number): Arrow[] {
  return said
    .split(";")
    .slice(0, MOST)
    .flatMap((text) => {
      const words = text.trim().split(/\s+/);
      const side = words[0]?.includes(",") ? "" : (words.shift() ?? "");
      const places = words.slice(0, most).map(placeOf);
      const known = places.filter((place) => place !== null);
      return known.length === places.length && known.length >= fewest ? [{ side, places: known }] : [];
    });
}

function placeOf(text: string): [lon: number, lat: number] | null {
  const [lat = NaN, lon = NaN, ...more] = text.split(",").map((part) => (part ? Number(part) : NaN));
  return more.length === 0 && Math.abs(lat) <= 85 && Math.abs(lon) <= 180 ? [lon, lat] : null;
}

/** The curve of an arrow in degrees, from its tail to its point, and the bearing there, clockwise from north. */
export function curveOf({ places }: Arrow): { line: [number, number][]; bearing: number } {
  const through = places.map(([lon, lat]): [number, number] => [lon, northing(lat)]);
  const [from, to] = [through[0]!, through.at(-1)!];
  if (through.length === 2)
    through.splice(1, 0, [
      (from[0] + to[0]) / 2 - BEND * (to[1] - from[1]),
      (from[1] + to[1]) / 2 + BEND * (to[0] - from[0]),
    ]);
  const line = through.slice(1).flatMap((_, i) => stretch(through, i));
  line.push(to);
  const [before, end] = [line.at(-2)!, line.at(-1)!];
  const bearing = (Math.atan2(end[0] - before[0], end[1] - before[1]) * 180) / Math.PI;
  return { line: line.map(([x, y]) => [x, latitude(y)]), bearing };
}

/** The zoom from which a line of degrees is this many px from end to end. */
export function zoomOf(line: readonly (readonly [number, number])[], px: number): number {
  const [[lon, lat], [lon2, lat2]] = [line[0]!, line.at(-1)!];
  return Math.log2((px * 360) / (512 * Math.hypot(lon2 - lon, northing(lat2) - northing(lat))));
}

/** The part of a curve through all places from the i-th to the next, without its end (Catmull-Rom). */
function stretch(through: readonly [number, number][], i: number): [number, number][] {
  const at = (k: number): [number, number] => through[Math.min(Math.max(k, 0), through.length - 1)]!;
  const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
  const blend = (t: number, n: 0 | 1): number =>
    0.5 *
    (2 * b[n] +
      (c[n] - a[n]) * t +
      (2 * a[n] - 5 * b[n] + 4 * c[n] - d[n]) * t * t +
      (3 * b[n] - a[n] - 3 * c[n] + d[n]) * t * t * t);
  return Array.from({ length: STEPS }, (_, k) => [blend(k / STEPS, 0), blend(k / STEPS, 1)]);
}

const northing = (lat: number): number =>
  (Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) * 180) / Math.PI; // of Mercator, in degrees of the equator
const latitude = (y: number): number => (Math.atan(Math.sinh((y * Math.PI) / 180)) * 180) / Math.PI;
