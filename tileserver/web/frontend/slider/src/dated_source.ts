// One source of dated tiles in the map with its copies of the partner's layers, out of sight until it is whole. Of a
// period one day is drawn, and a step switches features by their state: in one frame, without a request.

import type { GeoJSONFeature, Map as MapLibre } from "maplibre-gl";
import { DatedFeatures, holdsOn, type DatedFeature, type DayNumber } from "../../src/periods";
import { SourceTiles, type Tile } from "../../src/source_tiles";
import { STATE, copyOf, type Copy, type VectorLayer } from "./copies";
import type { Dated } from "./document";

/** The beginning of the id of every dated source. */
export const DATED = "time-slider-";

/** Of the features that MapLibre finds, which looks at no opacity, those that hold on a day. Only history has numbers. */
export const ofDay = <F extends GeoJSONFeature>(found: F[], day: DayNumber): F[] =>
  found.filter(({ properties: { from, to } }) => {
    const isDated = typeof from === "number" && typeof to === "number";
    return !isDated || holdsOn({ from, to }, day);
  });

/** The source of a period, drawn as of `baseDay` at first, or with null of a single day. */
export class DatedSource {
  private readonly copies: Copy[];
  readonly tiles: SourceTiles;
  private readonly features: DatedFeatures | null;
  private day: DayNumber;
  private seen = false;

  constructor(
    private readonly map: MapLibre,
    readonly source: string,
    url: string,
    { minzoom = 0, maxzoom = 22, bounds, attribution }: Dated,
    private readonly templates: readonly VectorLayer[],
    baseDay: DayNumber | null,
    onHole: () => void,
  ) {
    this.day = baseDay ?? 0;
    this.features = baseDay === null ? null : new DatedFeatures((feature) => holdsOn(feature, baseDay));
    this.copies = templates.map((layer) => copyOf(layer, source, baseDay));
    this.tiles = new SourceTiles(map, source, { onTile: (tile) => this.take(tile), onHole });
    map.addSource(source, {
      type: "vector",
      tiles: [url],
      minzoom,
      maxzoom,
      ...(bounds ? { bounds } : {}),
      ...(attribution ? { attribution } : {}),
    });
    this.copies.forEach(({ layer }, i) => map.addLayer(layer, templates[i]!.id)); // just below the partner's own
  }

  /** The id of the copy of a layer; empty where there is none. */
  layerId(template: string): string {
    return this.copies[this.templates.findIndex(({ id }) => id === template)]?.layer.id ?? "";
  }

  /** Bring a day into sight. */
  reveal(day: DayNumber): void {
    const before = this.day;
    this.day = day;
    for (const feature of this.features?.between(before, day) ?? []) this.set(feature);
    this.see(true);
  }

  /** Take the source out of sight; its tiles stay. */
  hide(): void {
    this.see(false);
  }

  /** Take source and layers off the map. */
  remove(): void {
    for (const { layer } of this.copies) if (this.map.getLayer(layer.id)) this.map.removeLayer(layer.id);
    if (this.map.getSource(this.source)) this.map.removeSource(this.source);
    this.abandon();
  }

  /** Let go of what the map has lost already. */
  abandon(): void {
    this.tiles.abandon();
  }

  private see(seen: boolean): void {
    if (seen === this.seen) return;
    this.seen = seen;
    for (const copy of this.copies)
      for (const [property, value] of Object.entries(seen ? copy.seen : copy.unseen))
        this.map.setPaintProperty(copy.layer.id, property as "fill-translate", value as [number, number]);
  }

  private set(feature: DatedFeature): void {
    const on = holdsOn(feature, this.day);
    if (on === feature.on) return;
    feature.on = on;
    this.map.setFeatureState(
      { source: this.source, sourceLayer: feature.layer, id: feature.id },
      { [STATE]: on },
    );
  }

  /** Set the features of a tile that has arrived before it is drawn; each says itself which days it holds on. */
  private take(tile: Tile): void {
    if (!this.features) return;
    for (const layer of new Set(this.templates.map((template) => template["source-layer"] ?? ""))) {
      const found: GeoJSONFeature[] = [];
      tile.querySourceFeatures(found, { sourceLayer: layer });
      for (const { id, properties } of found) {
        const [from, to] = [Number(properties?.["from"]), Number(properties?.["to"])];
        const feature = this.features.add({ layer, id: Number(id), from, to, over: to });
        if (feature) this.set(feature);
      }
    }
  }
}
