// The partner's own style layers over the tileset. They are kept out of sight and asked for no tile, and say how the
// dated ones are drawn: whatever is set on them, a colour, a filter, their visibility, is followed.

import type { Map as MapLibre, StyleSpecification } from "maplibre-gl";
import type { VectorLayer } from "./copies";
import type { Dated } from "./document";

const NOWHERE = 24; // a zoom; from this to this a layer is never drawn

/** The id of the source whose layers are dated: the one asked for, else the one with this address, else the one that has
 *  the document's tiles. Empty where that cannot be said before there is a document. */
export function sourceOf(
  { sources }: StyleSpecification,
  document: Dated | null,
  url: string,
  asked: string,
): string {
  if (asked) {
    if (sources[asked]?.type === "vector") return asked;
    throw new Error(`the style has no vector source ${asked}`);
  }
  const bare = (address = ""): string => address.split("?")[0]!;
  const found = Object.entries(sources).find(
    ([, source]) =>
      source.type === "vector" &&
      (source.url
        ? bare(source.url) === bare(url)
        : document !== null && bare(source.tiles?.[0]) === bare(document.tiles[0])),
  );
  if (found) return found[0];
  if (!document) return "";
  throw new Error("no source of the style has the tiles of the TileJSON; name one as `source`");
}

/** The layers of one source, taken out of sight until they are given back. */
export class Templates {
  private readonly kept = new Map<string, VectorLayer>();

  constructor(
    private readonly map: MapLibre,
    readonly source: string,
  ) {}

  /** The layers as the partner last said them, from the lowest on. */
  get layers(): VectorLayer[] {
    return [...this.kept.values()];
  }

  /** Take the layers out of sight; a layer that is so already, as in a style that a lost map comes back with, is known. */
  take(): void {
    const { layers } = this.map.getStyle();
    const own = layers.filter(
      (layer): layer is VectorLayer => "source" in layer && layer.source === this.source,
    );
    if (own.length === 0) throw new Error(`no layer of the style draws the source ${this.source}`);
    const known = new Map(this.kept);
    this.kept.clear();
    for (const layer of own) this.kept.set(layer.id, restored(layer, known.get(layer.id)));
    for (const { id } of own) this.map.setLayerZoomRange(id, NOWHERE, NOWHERE);
  }

  /** Whether the partner has said a layer otherwise since, or another one; then it is known as it is now. */
  follow(): boolean {
    let changed = false;
    for (const [id, known] of this.kept) {
      const layer = this.map.getLayer(id)?.serialize() as VectorLayer | undefined;
      if (layer) {
        const own = restored(layer, known);
        if (JSON.stringify(own) === JSON.stringify(known)) continue;
        this.kept.set(id, own);
      } else this.kept.delete(id);
      changed = true;
    }
    for (const id of this.map.getLayersOrder()) {
      const layer = this.map.getLayer(id);
      if (this.kept.has(id) || layer?.source !== this.source) continue;
      this.kept.set(id, layer.serialize() as VectorLayer);
      this.map.setLayerZoomRange(id, NOWHERE, NOWHERE);
      changed = true;
    }
    return changed;
  }

  /** Give the layers back as they were. */
  give(): void {
    for (const { id, minzoom = 0, maxzoom = NOWHERE } of this.kept.values())
      if (this.map.getLayer(id)) this.map.setLayerZoomRange(id, minzoom, maxzoom);
    this.kept.clear();
  }
}

/** A layer with its own zooms where they were taken from it. */
function restored(layer: VectorLayer, known: VectorLayer | undefined): VectorLayer {
  if (layer.minzoom !== NOWHERE || layer.maxzoom !== NOWHERE) return layer;
  const { minzoom: _, maxzoom: __, ...own } = layer;
  const { minzoom, maxzoom } = known ?? {};
  return {
    ...own,
    ...(minzoom === undefined ? {} : { minzoom }),
    ...(maxzoom === undefined ? {} : { maxzoom }),
  };
}
