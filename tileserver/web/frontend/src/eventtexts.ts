// The texts of events around a place. Tiles of a period go without them; those of the day have them.

import { VectorTile } from "@mapbox/vector-tile";
import type { LngLat } from "maplibre-gl";
import { PbfReader } from "pbf";
import { MercatorCoordinate } from "./maplibre";
import type { TileJson } from "./catalogue";
import type { Day } from "./days";

/** Properties by the event's id. */
export type Texts = Map<number, Record<string, unknown>>;

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
  const layer = bytes.byteLength
    ? new VectorTile(new PbfReader(new Uint8Array(bytes))).layers[tiles.layers.events ?? ""]
    : undefined;
  const texts: Texts = new Map();
  if (!layer) return texts;
  for (let i = 0; i < layer.length; i++) {
    const { id, properties } = layer.feature(i);
    if (id !== undefined) texts.set(id, properties);
  }
  return texts;
}
