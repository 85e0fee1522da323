// The day's notes of the whole theatre, read from the one tile that holds the world.

import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import { daysBetween, isDay, type Day } from "./days";

export interface Note { lon: number; lat: number; properties: Record<string, unknown> }

/** Read the notes out of a zoom 0 tile; an empty body has none. */
export function decodeNotes(bytes: ArrayBuffer): Note[] {
  if (bytes.byteLength === 0) return [];
  const layer = new VectorTile(new PbfReader(new Uint8Array(bytes))).layers["notes"];
  const found = new Map<string, Note>(); // a point in the tile's margin comes twice
  for (let i = 0; layer && i < layer.length; i++) {
    const feature = layer.feature(i);
    const { geometry, properties } = feature.toGeoJSON(0, 0, 0);
    if (geometry.type !== "Point") continue;
    const [lon = 0, lat = 0] = geometry.coordinates;
    found.set(String(feature.id ?? i), { lon, lat, properties: properties ?? {} });
  }
  return inOrder([...found.values()]);
}

/** What a reader should know first: the notes that hold longest, which speak of the whole; then north to south. */
export function inOrder(notes: Note[]): Note[] {
  const length = ({ properties: { from, to } }: Note): number =>
    typeof from === "string" && typeof to === "string" && isDay(from) && isDay(to) ? daysBetween(from, to) : 0;
  return notes.sort((a, b) => length(b) - length(a) || b.lat - a.lat);
}

export async function readNotes(tileset: string, day: Day): Promise<Note[]> {
  const response = await fetch(`/tiles/${tileset}.notes/0/0/0.mvt?datetime=${day}`);
  if (!response.ok) throw new Error(`notes of ${day}: ${response.status}`);
  return decodeNotes(await response.arrayBuffer());
}

/** A property in the reader's language: `text_uk`, else `text_en`, else `text`. */
export function worded(properties: Record<string, unknown>, name: string, language: string): string {
  const value = properties[`${name}_${language}`] ?? properties[`${name}_en`] ?? properties[name];
  return typeof value === "string" ? value : "";
}
