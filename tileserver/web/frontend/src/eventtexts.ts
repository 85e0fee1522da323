// The texts of events around a place. Tiles of a period go without them; those of the day have them.

import { VectorTile } from "@mapbox/vector-tile";
import type { LngLat } from "maplibre-gl";
import { PbfReader } from "pbf";
import { MercatorCoordinate } from "./maplibre";
import type { TileJson } from "./catalogue";
import type { Day } from "./days";

/** Properties by the event's layer and id, see `textKey`. */
export type Texts = Map<string, Record<string, unknown>>;

/** The key under which the texts of an event are kept. */
export const textKey = (layer: string, id: unknown): string => `${layer}#${String(id)}`;

/** Read what the tile of that zoom says about events of the day; its margin is wider than a click is inexact. */
export async function readTexts(tiles: TileJson, at: LngLat, zoom: number, day: Day): Promise<Texts> {
  const z = Math.max(tiles.minzoom, Math.min(tiles.maxzoom, Math.floor(zoom)));
  const { x, y } = MercatorCoordinate.fromLngLat(at.wrap());
  const [column, row] = [x, y].map((part) => Math.floor(part * 2 ** z));
  const path = tiles.tiles[0]!.replace("{z}", String(z))
    .replace("{x}", String(column))
    .replace("{y}", String(row));
  const response = await fetch(`${path}?datetime=${day}`);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  const bytes = await response.arrayBuffer();
  const { layers } = new VectorTile(new PbfReader(new Uint8Array(bytes)));
  const texts: Texts = new Map();
  for (const { name } of tiles.drawn.filter(({ role }) => role === "events")) {
    const layer = layers[name];
    for (let i = 0; i < (layer?.length ?? 0); i++) {
      const { id, properties } = layer!.feature(i);
      if (id !== undefined) texts.set(textKey(name, id), properties);
    }
  }
  return texts;
}
