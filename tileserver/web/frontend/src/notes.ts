// The notes of the whole theatre, read from the one tile that holds the world.

import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import { ask } from "./served";
import { addDays, addMonths, daysBetween, isDay, type Day } from "./days";

/** A dated text about a direction, with its place in degrees; its days are `from` and `to`, both of it. */
export interface Note {
  id: number;
  lon: number;
  lat: number;
  properties: Record<string, unknown>;
}

/** Read the notes, which are this layer of it, out of a zoom 0 tile; an empty body has none. */
export function decodeNotes(bytes: ArrayBuffer, name: string): Note[] {
  if (bytes.byteLength === 0) return [];
  const layer = new VectorTile(new PbfReader(new Uint8Array(bytes))).layers[name];
  const found: Note[] = [];
  if (!layer) return found;
  for (let i = 0; i < layer.length; i++) {
    const feature = layer.feature(i);
    const { geometry, properties } = feature.toGeoJSON(0, 0, 0);
    if (geometry.type !== "Point") continue;
    const [lon = 0, lat = 0] = geometry.coordinates;
    found.push({ id: feature.id ?? i, lon, lat, properties: properties ?? {} });
  }
  return found;
}

/** What a reader should know first: the notes that hold longest, which speak of the whole; then north to south. */
export function inOrder(notes: Note[]): Note[] {
  const length = ({ properties: { from, to } }: Note): number =>
    typeof from === "string" && typeof to === "string" && isDay(from) && isDay(to)
      ? daysBetween(from, to)
      : 0;
  return [...notes].sort((a, b) => length(b) - length(a) || b.lat - a.lat);
}

/** The directions in the order of their notes: the place in it is a direction's number, the same on every day. */
export const directionsOf = (notes: Note[]): string[] => [
  ...new Set(inOrder(notes).map(({ properties }) => textOf(properties["direction"]))),
];

/** The notes of one day. */
export const notesOn = (notes: Note[], day: Day): Note[] =>
  inOrder(
    notes.filter(
      ({ properties: { from, to } }) => textOf(from) <= day && day <= textOf(to ?? from ?? "9999"),
    ),
  );

/** The months, each from its first to its last day, that together hold these days; cut to them. */
export function monthsOf(first: Day, last: Day): [Day, Day][] {
  const months: [Day, Day][] = [];
  for (let start = first; start <= last;) {
    const next = addMonths(`${start.slice(0, 7)}-01`, 1);
    months.push([start, next <= last ? addDays(next, -1) : last]);
    start = next;
  }
  return months;
}

/** The notes of all days from the first to the last, with their texts; month by month, so that no tile is too full for
 *  them. `known` is what a tile is asked for with to be as known in a revision. */
export async function readNotes(
  theatre: string,
  layer: string,
  first: Day,
  last: Day,
  known = "",
): Promise<Note[]> {
  const found = new Map<number, Note>(); // one that goes on into the next month comes twice, and so does one in the tile's margin
  const months = monthUrls(theatre, layer, first, last, known);
  for (const notes of await Promise.all(months.map((url) => readMonth(url, layer))))
    for (const note of notes) found.set(note.id, note);
  return [...found.values()];
}

const asked = new Map<string, Promise<Response>>(); // ahead, by URL; each answer is read once

/** Ask for the notes of these days before anybody reads them. */
export function askForNotes(theatre: string, layer: string, first: Day, last: Day): void {
  for (const url of monthUrls(theatre, layer, first, last, "")) {
    const answer = ask(url);
    answer.catch(() => undefined); // who reads it hears of it
    asked.set(url, answer);
  }
}

const monthUrls = (theatre: string, layer: string, first: Day, last: Day, known: string): string[] =>
  monthsOf(first, last).map(
    ([from, to]) =>
      `tiles/${theatre}.${layer}/0/0/0.mvt?datetime=${from === to ? from : `${from}/${to}`}${known}`,
  );

async function readMonth(url: string, layer: string): Promise<Note[]> {
  const ahead = asked.get(url);
  asked.delete(url);
  const response = await (ahead ?? ask(url));
  if (!response.ok) throw new Error(`notes: ${url}: ${response.status}`);
  return decodeNotes(await response.arrayBuffer(), layer);
}

/** A property of a feature as text; empty where there is none. Vector tiles hold texts, numbers and booleans. */
export const textOf = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";

/** A property in the reader's language: `text_uk`, else `text_en`, else `text`, else in any language. */
export function worded(properties: Record<string, unknown>, name: string, language: string): string {
  const other = (): string | undefined =>
    Object.keys(properties).find(
      (key) => key.startsWith(`${name}_`) && /^[a-z]{2,3}$/.test(key.slice(name.length + 1)),
    );
  const value =
    properties[`${name}_${language}`] ??
    properties[`${name}_en`] ??
    properties[name] ??
    properties[other() ?? name];
  return typeof value === "string" ? value : "";
}

/** The names of a note's direction by language, the reader's one first among equals; "" is the one without. */
export function namesOfDirection(
  properties: Record<string, unknown>,
  language: string,
): Record<string, string> {
  const given = Object.entries(properties).filter(
    (entry): entry is [string, string] =>
      /^direction(_[a-z]+)?$/.test(entry[0]) && typeof entry[1] === "string",
  );
  const names = Object.fromEntries(given.map(([key, name]) => [key.slice("direction_".length), name]));
  return { ...names, [language]: worded(properties, "direction", language) };
}
