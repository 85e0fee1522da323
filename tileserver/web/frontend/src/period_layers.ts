// One source in the map and its style layers, unseen until it is whole. It holds a period, of which one day is
// drawn; a step to another day switches features on and off by feature state: in one frame, in all tiles at
// once, without a request. Its tiles are never pointed elsewhere: MapLibre would then mix old and new (the last
// response wins, not the last wish).

import type { GeoJSONFeature, Map as MapLibre } from "maplibre-gl";
import type { Role } from "./catalogue";
import { ageOn, edgesOf, leavesOn } from "./event_window";
import { DatedFeatures, OPEN_DAY, holdsOn, type DatedFeature, type DayNumber } from "./periods";
import { SourceTiles, type Tile } from "./source_tiles";
import { SYMBOLS, styleLayers, type Look, type PlacedLayer, type SourceTraits } from "./style_layers";

/** The beginning of the id of every source that holds dated features. */
export const DATED = "dated-";

const MUTED = 0.4; // share of their opacity that areas keep under a comparison

/** Where a source's tiles are: URL template, zoom levels, and west, south, east, north in degrees. */
export interface Tiles {
  url: string;
  minzoom: number;
  maxzoom: number;
  bounds: [number, number, number, number];
}

/** What makes a source one of earlier events: its style layers are placed below the one with this id, and what goes on
 *  beyond its own period is left to the next, which has it too. */
export interface Behind {
  below: string;
}

/** The source of a period, or of a single day, with its style layers. */
export class PeriodLayers {
  private readonly placed: PlacedLayer[];
  private readonly symbols: ReadonlySet<string>; // names of the layers that are drawn as symbols
  private readonly events: ReadonlySet<string>; // names of those among them whose marks stay for a window
  readonly tiles: SourceTiles;
  private readonly features: DatedFeatures | null; // null for a single day, where nothing is switched
  private seen = false;
  private share = 1;
  private day: DayNumber;

  /** Load a source unseen, drawn as of its base day; `onHole` is called where a tile fails that nobody awaits. */
  constructor(
    private readonly map: MapLibre,
    readonly source: string,
    tiles: Tiles,
    private readonly look: Look,
    traits: SourceTraits,
    onHole: () => void,
    private readonly behind: Behind | null = null,
  ) {
    const { baseDay } = traits;
    this.day = baseDay ?? 0;
    this.placed = styleLayers(source, look, traits);
    this.symbols = new Set(look.drawn.filter(({ role }) => SYMBOLS.includes(role)).map(({ name }) => name));
    this.events = new Set(look.drawn.filter(({ role }) => role === "events").map(({ name }) => name));
    this.features =
      baseDay === null
        ? null
        : new DatedFeatures((feature) => !this.symbols.has(feature.layer) && holdsOn(feature, baseDay));
    this.tiles = new SourceTiles(map, source, { onTile: (tile) => this.take(tile), onHole });
    const { url, minzoom, maxzoom, bounds } = tiles;
    map.addSource(source, { type: "vector", tiles: [url], minzoom, maxzoom, bounds });
    for (const { layer, before } of this.placed) map.addLayer(layer, behind?.below ?? (before || undefined));
  }

  /** The ids of the style layers that draw a role; none where no layer has that role. */
  layerIds(role: Role): string[] {
    return this.placed.map(({ layer }) => layer.id).filter((id) => id.endsWith(`-${role}`));
  }

  /** The id of the lowest style layer of events; empty where there are none. */
  get lowestOfEvents(): string {
    const [name] = this.events;
    return (
      this.placed.find(({ layer }) => "source-layer" in layer && layer["source-layer"] === name)?.layer.id ??
      ""
    );
  }

  /** Make the source seen, as of a day. */
  reveal(day: DayNumber): void {
    this.become(day, true);
  }

  /** Draw the areas faintly, under a comparison, or fully again. */
  mute(muted: boolean): void {
    const share = muted ? MUTED : 1;
    if (share === this.share) return; // at each step: MapLibre would work out the whole style anew
    this.share = share;
    if (this.seen) this.paint();
  }

  /** Make the source unseen; its tiles stay. */
  hide(): void {
    this.become(this.day, false);
  }

  /** Take source and layers off the map. */
  remove(): void {
    for (const { layer } of this.placed) this.map.removeLayer(layer.id);
    this.map.removeSource(this.source); // aborts what is still on its way
    this.abandon();
  }

  /** Let go of a source that the map has lost already. */
  abandon(): void {
    this.tiles.abandon();
  }

  private become(day: DayNumber, seen: boolean): void {
    const { features, day: before } = this;
    const turned = seen !== this.seen;
    this.day = day;
    this.seen = seen;
    for (const feature of features?.between(before, day) ?? []) this.set(feature);
    if (!turned) return;
    for (const layer of this.symbols) for (const feature of features?.ofLayer(layer) ?? []) this.set(feature);
    this.paint();
  }

  private paint(): void {
    for (const { layer, seen, unseen } of this.placed) {
      const share = layer.type === "fill" ? this.share : 1;
      for (const [property, value] of Object.entries(this.seen ? seen : unseen))
        this.map.setPaintProperty(
          layer.id,
          property as "line-opacity",
          typeof value === "number" ? value * share : value,
        );
    }
  }

  private set(feature: DatedFeature): void {
    const { id, layer } = feature;
    const on = holdsOn(feature, this.day) && (this.seen || !this.symbols.has(layer));
    const age = on && this.events.has(layer) ? ageOn(feature.over, this.day) : 0;
    if (on === feature.on && age === feature.age) return;
    feature.on = on;
    feature.age = age;
    const state = this.events.has(layer) ? { on, age } : { on };
    this.map.setFeatureState({ source: this.source, sourceLayer: layer, id }, state);
  }

  /** Set the features of a tile that has arrived before it is drawn; each says itself which days it holds on. */
  private take(tile: Tile): void {
    if (!this.features) return;
    for (const { name } of this.look.drawn) {
      const found: GeoJSONFeature[] = [];
      tile.querySourceFeatures(found, { sourceLayer: name });
      for (const { id, properties } of found) {
        const [from, over] = [Number(properties?.["from"]), Number(properties?.["to"])];
        const feature = this.add(name, Number(id), from, over);
        if (feature) this.set(feature);
      }
    }
  }

  private add(layer: string, id: number, from: DayNumber, over: DayNumber): DatedFeature | null {
    const { window } = this.look;
    if (this.behind && over === OPEN_DAY) return null;
    if (!this.events.has(layer)) return this.features!.add({ layer, id, from, to: over, over });
    const to = leavesOn(over, window);
    return this.features!.add({ layer, id, from, to, over }, edgesOf(from, over, window));
  }
}
