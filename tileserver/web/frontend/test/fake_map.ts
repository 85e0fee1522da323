// A map that draws nothing and remembers what it was told.

import type { Map as MapLibre } from "maplibre-gl";

type Handler = (event: Record<string, unknown>) => void;
interface Feature {
  id: number;
  properties: Record<string, unknown>;
}

/** A tile of a source: its features by source layer. */
export interface FakeTile {
  querySourceFeatures(found: Feature[], asked: { sourceLayer: string }): void;
}

/** A tile that holds these features of one source layer. */
export const tileOf = (sourceLayer: string, features: Feature[]): FakeTile => ({
  querySourceFeatures: (found, asked) =>
    void found.push(...(asked.sourceLayer === sourceLayer ? features : [])),
});

/** The fake itself; `calls` is all that changed what it would draw, in order. */
export class FakeMap {
  readonly calls: unknown[][] = [];
  readonly sources = new Map<string, { tiles: string[] }>();
  readonly layers: string[] = [];
  private readonly handlers = new Set<{ type: string; act: Handler }>();
  private readonly loaded = new Set<string>();

  /** The fake in a map's clothes. */
  get asMap(): MapLibre {
    return this as unknown as MapLibre;
  }

  on(type: string, act: Handler): { unsubscribe: () => void } {
    const handler = { type, act };
    this.handlers.add(handler);
    return { unsubscribe: () => void this.handlers.delete(handler) };
  }

  fire(type: string, event: Record<string, unknown> = {}): void {
    for (const handler of this.handlers) if (handler.type === type) handler.act({ type, ...event });
  }

  addSource(id: string, source: { tiles: string[] }): void {
    this.sources.set(id, source);
    this.calls.push(["addSource", id]);
  }

  removeSource(id: string): void {
    this.sources.delete(id);
    this.calls.push(["removeSource", id]);
  }

  addLayer({ id }: { id: string }): void {
    this.layers.push(id);
  }

  removeLayer(id: string): void {
    this.layers.splice(this.layers.indexOf(id), 1);
  }

  setPaintProperty(...call: unknown[]): void {
    this.calls.push(["setPaintProperty", ...call]);
  }

  /** Of a state the first value is whether the feature is on. */
  setFeatureState({ id, sourceLayer }: { id: number; sourceLayer: string }, state: object): void {
    this.calls.push(["setFeatureState", sourceLayer, id, Object.values(state)[0]]);
  }

  getSource(id: string): unknown {
    return this.sources.get(id);
  }

  getLayer(id: string): string | undefined {
    return this.layers.find((one) => one === id);
  }

  /** The features that were switched on or off: source layer, id, on. */
  switches(): unknown[][] {
    return this.calls.filter(([what]) => what === "setFeatureState").map(([, ...rest]) => rest);
  }

  isSourceLoaded(id: string): boolean {
    return this.loaded.has(id);
  }

  triggerRepaint(): void {
    queueMicrotask(() => this.fire("render"));
  }

  /** The server answers with the tiles of a source, and a frame is drawn. */
  arrive(sourceId: string, ...tiles: FakeTile[]): void {
    for (const tile of tiles) this.fire("sourcedataloading", { sourceId, tile });
    for (const tile of tiles) this.fire("sourcedata", { sourceId, tile });
    this.loaded.add(sourceId);
    this.fire("render");
  }
}

/** Until promises that are settled have been heard of. */
export const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
