// Two buffers in one map. A day is loaded into a source of its own, unseen; once every tile on screen is there,
// one frame shows it and drops the other. A source is never pointed at another day: MapLibre would then mix
// the tiles of both (the last response wins, not the last wish).

import type { ErrorEvent, Map as MapLibre } from "maplibre-gl";
import type { TileJson } from "./catalogue";
import type { Day } from "./days";
import type { Prepared } from "./swap";
import { theatreLayers, type Look, type Placed } from "./theatre";

const PREFIX = "day-";

type Failure = ErrorEvent & { sourceId?: string };

export class Buffers {
  private count = 0;
  private current: { source: string; placed: Placed[] } | null = null;

  constructor(private readonly map: MapLibre, private readonly onHole: () => void) {
    map.on("error", (event: Failure) => this.noticeError(event));
  }

  /** The id of the source that the reader sees; empty before the first. */
  get source(): string {
    return this.current?.source ?? "";
  }

  layerIds(kind: string): string[] {
    return this.current ? this.current.placed.map(({ layer }) => layer.id).filter((id) => id.endsWith(`-${kind}`)) : [];
  }

  /** Load a day unseen. Rejects, with everything removed again, where a tile failed. */
  async prepare(tiles: TileJson, day: Day, look: Look): Promise<Prepared> {
    const source = `${PREFIX}${day}-${++this.count}`;
    const placed = theatreLayers(source, look);
    this.map.addSource(source, {
      type: "vector", tiles: tiles.tiles.map((url) => `${url}${url.includes("?") ? "&" : "?"}datetime=${day}`),
      minzoom: tiles.minzoom, maxzoom: tiles.maxzoom, bounds: tiles.bounds,
    });
    for (const { layer, before } of placed) this.map.addLayer(layer, before || undefined);
    try {
      await this.loaded(source);
    } catch (error) {
      this.remove(source, placed);
      throw error;
    }
    return { show: () => this.show(source, placed), drop: () => this.remove(source, placed) };
  }

  /** Take everything of the theatre off the map. */
  clear(): void {
    if (this.current) this.remove(this.current.source, this.current.placed);
    this.current = null;
  }

  private show(source: string, placed: Placed[]): void {
    for (const { layer, seen } of placed) {
      for (const [property, value] of Object.entries(seen)) this.map.setPaintProperty(layer.id, property as "line-opacity", value);
    }
    this.clear();
    this.current = { source, placed };
  }

  private remove(source: string, placed: Placed[]): void {
    for (const { layer } of placed) this.map.removeLayer(layer.id);
    this.map.removeSource(source); // aborts what is still on its way
  }

  private loaded(source: string): Promise<void> {
    const map = this.map;
    return new Promise((resolve, reject) => {
      const done = (finish: () => void): void => {
        map.off("render", check);
        map.off("error", fail);
        finish();
      };
      const check = (): void => {
        if (map.isSourceLoaded(source)) done(resolve);
      };
      const fail = (event: Failure): void => {
        if (event.sourceId === source) done(() => reject(event.error));
      };
      map.on("render", check); // a tile that arrives asks for a frame, so no arrival is missed
      map.on("error", fail);
      map.triggerRepaint();
    });
  }

  private noticeError(event: Failure): void {
    if (event.sourceId && event.sourceId === this.current?.source) this.onHole();
    else if (!event.sourceId?.startsWith(PREFIX)) console.warn("map:", event.error?.message ?? event);
  }
}
