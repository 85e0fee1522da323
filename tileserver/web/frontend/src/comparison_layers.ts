// The style layers of a comparison: the land that changed hands between two days, over the muted areas of one of
// them. Loaded unseen, and taken off in the moment that either day is another: the two days that are named are
// always those that are drawn.

import type { ErrorEvent, ExpressionSpecification, Map as MapLibre } from "maplibre-gl";
import { FIRST_LABEL, FIRST_WATER, paletteOf, type Theme } from "./basemap";
import { type Category, type Role, type TileJson } from "./catalogue";
import { readComparison, type ComparisonDocument } from "./figures";
import type { Day } from "./days";
import { colourOf } from "./style_layers";

/** Two days, the earlier one first. */
export interface Pair {
  from: Day;
  to: Day;
}
/** Land that went from one status to another ("" for none), in km2, and whether our side gained or lost by it. */
export interface Moved {
  was: string;
  is: string;
  km2: number;
  kind: Kind;
}
type Kind = "gained" | "lost" | "other";

const KINDS: Kind[] = ["gained", "lost", "other"];
const PATTERNS: Record<Kind, string> = { gained: "rising", lost: "falling", other: "dots" };
const NOBODY = "#7d786f"; // for land that has no status any more
const FIRST = "comparison";

/** Name of the generated image of a kind, as those of `style_layers.ts`. */
export const comparisonImage = (kind: Kind, colour: string): string => `${PATTERNS[kind]}:${colour}`;

/** The colour of the status that land has now, as CSS hex. */
export const colourNow = (categories: Category[], status: string, theme: Theme): string => {
  const category = categories.find((one) => one.code === status);
  return category ? colourOf(category, theme) : NOBODY;
};

/** The rows of a comparison, the largest first; without those that would read as 0 km2. */
export function movedOf({ held, moved }: ComparisonDocument): Moved[] {
  const ours = (status: string): boolean => Boolean(held?.statuses.includes(status));
  const kind = (was: string, is: string): Kind =>
    ours(was) === ours(is) ? "other" : ours(is) ? "gained" : "lost";
  return moved
    .filter(({ km2 }) => km2 >= 0.05)
    .sort((a, b) => b.km2 - a.km2)
    .map(({ from, to, km2 }) => ({ was: from, is: to, km2, kind: kind(from, to) }));
}

/** Names of all images that a comparison may need. */
export const comparisonImages = (categories: Category[], theme: Theme): string[] =>
  KINDS.flatMap((kind) =>
    ["", ...categories.map(({ code }) => code)].map((code) =>
      comparisonImage(kind, colourNow(categories, code, theme)),
    ),
  );

/** A template of addresses, whose first day is as a revision knew it; 0 for as it is known now. */
export const asKnown = (template: string, known: number): string =>
  known ? `${template}${template.includes("?") ? "&" : "?"}known=${known}` : template;

/** The comparison that is in the map; none or one. */
export class ComparisonLayers {
  private count = 0;
  private source = "";
  private layers: string[] = [];

  constructor(private readonly map: MapLibre) {}

  /** The ids of the style layers in the map. */
  get layerIds(): string[] {
    return this.layers;
  }

  /**
   * Draw the comparison of two days, the first as known in revision *known* where that is not 0, whole or not at all, and resolve in the frame that shows it; null where another
   * call has taken it off before that.
   */
  async draw(tiles: TileJson, pair: Pair, theme: Theme, known = 0): Promise<ComparisonDocument | null> {
    this.clear();
    const { changes } = tiles.time;
    if (!changes) return null;
    const own = (this.source = `${FIRST}-${++this.count}`);
    const url = asKnown(changes.tiles, known).replace("{from}", pair.from).replace("{to}", pair.to);
    this.map.addSource(own, {
      type: "vector",
      tiles: [url],
      minzoom: tiles.minzoom,
      maxzoom: tiles.maxzoom,
      bounds: tiles.bounds,
    });
    this.addLayers(own, tiles, theme);
    try {
      const urls = {
        document: asKnown(changes.document, known),
        sides: changes.sides ? asKnown(changes.sides, known) : "",
      };
      const [document] = await Promise.all([readComparison(urls, pair.from, pair.to), this.loaded(own)]);
      if (own !== this.source) return null;
      for (const layer of this.layers)
        this.map.setPaintProperty(
          layer,
          layer.endsWith("fill") ? "fill-layer-opacity" : "line-layer-opacity",
          1,
        );
      await this.painted();
      return own === this.source ? document : null;
    } catch (error) {
      if (own !== this.source) return null;
      this.clear();
      throw error;
    }
  }

  /** Take the comparison off the map. */
  clear(): void {
    for (const layer of this.layers) this.map.removeLayer(layer);
    if (this.source) this.map.removeSource(this.source);
    this.abandon();
  }

  /** Let go of layers that the map has lost already. */
  abandon(): void {
    this.layers = [];
    this.source = "";
  }

  private addLayers(source: string, { layers, legend }: TileJson, theme: Theme): void {
    const categories = legend.areas ?? [];
    const codes = categories.map(({ code }) => code);
    const byStatus = (value: (code: string) => string): ExpressionSpecification | string =>
      codes.length
        ? ([
            "match",
            ["coalesce", ["get", "is"], ""],
            ...codes.flatMap((code) => [code, value(code)]),
            value(""),
          ] as unknown as ExpressionSpecification)
        : value("");
    const colour = byStatus((code) => colourNow(categories, code, theme));
    const images = (kind: Kind): ExpressionSpecification | string =>
      byStatus((code) => comparisonImage(kind, colourNow(categories, code, theme)));
    const { casing } = paletteOf(theme);
    const add = (id: string, type: "fill" | "line", role: Role, paint: object, before: string): void => {
      const sourceLayer = layers[role];
      if (sourceLayer === undefined) return;
      const whole = `${source}-${id}-${type}`;
      this.map.addLayer(
        {
          id: whole,
          type,
          source,
          "source-layer": sourceLayer,
          paint: { [`${type}-layer-opacity`]: 0, ...paint },
        } as Parameters<MapLibre["addLayer"]>[0],
        before,
      );
      this.layers.push(whole);
    };
    add("ground", "fill", "areas", { "fill-color": casing, "fill-antialias": false }, FIRST_WATER);
    add(
      "colour",
      "fill",
      "areas",
      { "fill-color": colour, "fill-opacity": 0.42, "fill-antialias": false },
      FIRST_WATER,
    );
    const kindOf: ExpressionSpecification = [
      "match",
      ["coalesce", ["get", "change"], ""],
      "gained",
      images("gained"),
      "lost",
      images("lost"),
      images("other"),
    ] as unknown as ExpressionSpecification;
    add("pattern", "fill", "areas", { "fill-pattern": kindOf, "fill-antialias": false }, FIRST_WATER);
    add(
      "edge",
      "line",
      "areas",
      { "line-color": colour, "line-width": ["interpolate", ["linear"], ["zoom"], 5, 1.6, 10, 1.2] },
      FIRST_LABEL,
    );
    add(
      "former",
      "line",
      "front",
      {
        "line-color": paletteOf(theme).frontline,
        "line-width": 1.6,
        "line-dasharray": [2, 1.6],
        "line-opacity": ["match", ["get", "state"], "was", 0.8, 0],
      },
      FIRST_LABEL,
    );
  }

  /** The next frame is drawn: what is told after this is told with it. */
  private painted(): Promise<void> {
    return new Promise((resolve) => {
      const check = this.map.on("render", () => {
        check.unsubscribe();
        resolve();
      });
      this.map.triggerRepaint();
    });
  }

  private loaded(source: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = this.map.on("render", () => {
        if (source !== this.source || this.map.isSourceLoaded(source)) {
          stop();
          resolve();
        }
      });
      const fail = this.map.on("error", (event: ErrorEvent & { sourceId?: string }) => {
        if (event.sourceId === source) {
          stop();
          reject(new Error(event.error.message));
        }
      });
      const stop = (): void => {
        check.unsubscribe();
        fail.unsubscribe();
      };
      this.map.triggerRepaint();
    });
  }
}
