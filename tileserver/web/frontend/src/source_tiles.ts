// The tiles of one source that are on screen: awaited, there, or failed. MapLibre says of a source that it is loaded,
// but not whether one of its tiles could not be had, and takes "404 Not Found" for an empty place.

import type {
  ErrorEvent,
  GeoJSONFeature,
  Map as MapLibre,
  MapSourceDataEvent,
  Subscription,
} from "maplibre-gl";

/** A tile that has arrived, of which MapLibre tells no more. */
export interface Tile {
  querySourceFeatures(found: GeoJSONFeature[], asked: { sourceLayer: string }): void;
}
type TileEvent = Omit<MapSourceDataEvent, "tile"> & { tile?: Tile };

/** Who hears of a source's tiles: `onTile` of each before it is drawn, `onHole` of the first that fails unawaited. */
export interface TilesOptions {
  onTile: (tile: Tile) => void;
  onHole: () => void;
}

/** Follows a source from before it is in the map until it is abandoned. */
export class SourceTiles {
  private readonly subscriptions: Subscription[];
  private readonly awaited = new Set<Tile>();
  private failure: Error | null = null;
  private readonly waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  constructor(
    private readonly map: MapLibre,
    private readonly source: string,
    private readonly options: TilesOptions,
  ) {
    this.subscriptions = [
      ...(["sourcedataloading", "sourcedata", "sourcedataabort"] as const).map((type) =>
        map.on(type, (event) => this.hear(event)),
      ),
      map.on("error", (event: ErrorEvent & { sourceId?: string }) => {
        if (event.sourceId === source) this.fail(new Error(event.error.message));
      }),
      map.on("render", () => this.check()), // a tile that arrives asks for a frame, so no arrival is missed
    ];
  }

  /** Whether a tile could not be had. */
  get broken(): boolean {
    return this.failure !== null;
  }

  /** Whether every tile on screen is there right now. */
  get areWhole(): boolean {
    return !this.failure && !this.awaited.size && this.map.isSourceLoaded(this.source);
  }

  /** Settles once every tile on screen is there; rejects where a tile has failed. It settles between frames: what is
   *  then revealed and said is seen in one frame, and not said over the one before, which on a slow machine stands long. */
  whole(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.failure) {
        reject(this.failure);
        return;
      }
      this.waiting.push({ resolve, reject });
      this.map.triggerRepaint();
    });
  }

  /** Hear no more of the source; who waits for it waits in vain. */
  abandon(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    this.failure ??= new Error(`${this.source} was removed`);
    this.settle();
  }

  private hear(event: TileEvent): void {
    if (event.sourceId !== this.source || !event.tile) return;
    if (event.type === "sourcedataloading") {
      this.awaited.add(event.tile);
      return;
    }
    this.awaited.delete(event.tile);
    if (event.type === "sourcedata") this.options.onTile(event.tile);
  }

  private check(): void {
    if (!this.map.isSourceLoaded(this.source)) return;
    // MapLibre takes "404 Not Found" for "nothing is there"; ours says that the period itself is gone.
    if (this.awaited.size) this.fail(new Error(`${this.awaited.size} tiles of ${this.source} do not exist`));
    else this.settle();
  }

  private fail(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    if (this.waiting.length) this.settle();
    else this.options.onHole();
  }

  private settle(): void {
    for (const { resolve, reject } of this.waiting.splice(0)) {
      if (this.failure) reject(this.failure);
      else setTimeout(() => (this.failure ? reject(this.failure) : resolve())); // it may be gone by then
    }
  }
}
