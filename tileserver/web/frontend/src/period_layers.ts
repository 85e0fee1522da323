// One source in the map and its style layers, unseen until it is whole. It holds a period, of which one day is
// drawn; a step to another day switches features on and off by feature state: in one frame, in all tiles at
// once, without a request. Its tiles are never pointed elsewhere: MapLibre would then mix old and new (the last
// response wins, not the last wish).

import type {
  ErrorEvent,
  GeoJSONFeature,
  Map as MapLibre,
  MapSourceDataEvent,
  Subscription,
} from "maplibre-gl";
import type { Role } from "./catalogue";
import { Holdings, holdsOn, type Held } from "./periods";
import { SYMBOLS, theatreLayers, type Look, type Placed, type Scene } from "./style_layers";

const MUTED = 0.4;

interface Tile {
  querySourceFeatures(found: GeoJSONFeature[], asked: { sourceLayer: string }): void;
}
type Heard = Omit<MapSourceDataEvent, "tile"> & { tile?: Tile };

/** Where a source's tiles are. */
export interface Tiles {
  url: string;
  minzoom: number;
  maxzoom: number;
  bounds: [number, number, number, number];
}

export class Picture {
  private readonly placed: Placed[];
  private readonly switched: string[]; // the layers of tiles that have style layers
  private readonly symbols: string[]; // and those that are drawn as symbols
  private readonly subscriptions: Subscription[];
  private readonly holdings: Holdings | null;
  private readonly awaited = new Set<Tile>();
  private seen = false;
  private share = 1;
  private day: number;
  private failure: Error | null = null;
  private readonly waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  /** Load a source unseen, drawn as of the base day of *scene*. */
  constructor(
    private readonly map: MapLibre,
    readonly source: string,
    tiles: Tiles,
    look: Look,
    scene: Scene,
    private readonly onHole: () => void,
  ) {
    const base = (this.day = scene.base ?? 0);
    this.placed = theatreLayers(source, look, scene);
    this.switched = Object.values(look.layers);
    this.symbols = SYMBOLS.flatMap((role) => look.layers[role] ?? []);
    this.holdings =
      scene.base === null
        ? null
        : new Holdings((held) => !this.symbols.includes(held.layer) && holdsOn(held, base));
    this.subscriptions = [
      ...(["sourcedataloading", "sourcedata", "sourcedataabort"] as const).map((type) =>
        map.on(type, (event) => this.hear(event)),
      ),
      map.on("error", (event: ErrorEvent & { sourceId?: string }) => {
        if (event.sourceId === source) this.fail(new Error(event.error.message));
      }),
      map.on("render", () => this.check()), // a tile that arrives asks for a frame, so no arrival is missed
    ];
    map.addSource(source, {
      type: "vector",
      tiles: [tiles.url],
      minzoom: tiles.minzoom,
      maxzoom: tiles.maxzoom,
      bounds: tiles.bounds,
    });
    for (const { layer, before } of this.placed) map.addLayer(layer, before || undefined);
  }

  get broken(): boolean {
    return this.failure !== null;
  }

  /** Whether every tile on screen is there right now. */
  get isWhole(): boolean {
    return !this.failure && !this.awaited.size && this.map.isSourceLoaded(this.source);
  }

  /** Settles once every tile on screen is there, or one has failed. */
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

  layerIds(role: Role): string[] {
    return this.placed.map(({ layer }) => layer.id).filter((id) => id.endsWith(`-${role}`));
  }

  /** Show it, as of this day. */
  show(day: number): void {
    this.become(day, true);
  }

  /** Draw its areas faintly, under something else, or fully again. */
  mute(muted: boolean): void {
    this.share = muted ? MUTED : 1;
    if (this.seen) this.paint();
  }

  hide(): void {
    this.become(this.day, false);
  }

  remove(): void {
    for (const { layer } of this.placed) this.map.removeLayer(layer.id);
    this.map.removeSource(this.source); // aborts what is still on its way
    this.abandon();
  }

  /** The map has it no more. */
  abandon(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    this.failure ??= new Error(`${this.source} was removed`);
    this.settle();
  }

  private become(day: number, seen: boolean): void {
    const { holdings, day: before } = this;
    const turned = seen !== this.seen;
    this.day = day;
    this.seen = seen;
    for (const held of holdings?.between(before, day) ?? []) this.set(held);
    if (!turned) return;
    for (const layer of this.symbols) for (const held of holdings?.ofLayer(layer) ?? []) this.set(held);
    this.paint();
  }

  private paint(): void {
    for (const { layer, seen, unseen } of this.placed) {
      const share = layer.type === "fill" ? this.share : 1;
      for (const [property, value] of Object.entries(this.seen ? seen : unseen))
        this.map.setPaintProperty(layer.id, property as "line-opacity", value * share);
    }
  }

  private set(held: Held): void {
    const on = holdsOn(held, this.day) && (this.seen || !this.symbols.includes(held.layer));
    if (on === held.on) return;
    held.on = on;
    this.map.setFeatureState({ source: this.source, sourceLayer: held.layer, id: held.id }, { on });
  }

  /** A tile that arrives says itself which days its features hold on; they are set before it is drawn. */
  private take(tile: Tile): void {
    if (!this.holdings) return;
    for (const sourceLayer of this.switched) {
      const found: GeoJSONFeature[] = [];
      tile.querySourceFeatures(found, { sourceLayer });
      for (const { id, properties } of found) {
        const held = this.holdings.add(
          sourceLayer,
          Number(id),
          Number(properties?.["from"]),
          Number(properties?.["to"]),
        );
        if (held) this.set(held);
      }
    }
  }

  private hear(event: Heard): void {
    if (event.sourceId !== this.source || !event.tile) return;
    if (event.type === "sourcedataloading") {
      this.awaited.add(event.tile);
      return;
    }
    this.awaited.delete(event.tile);
    if (event.type === "sourcedata") this.take(event.tile);
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
    else this.onHole();
  }

  private settle(): void {
    for (const { resolve, reject } of this.waiting.splice(0)) {
      if (this.failure) reject(this.failure);
      else resolve();
    }
  }
}
