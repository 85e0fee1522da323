// The ground under the theatre: the base map of the build, or a newsroom's own archive where the server names one.

import type { ErrorEvent, LayerSpecification, MapSourceDataEvent, StyleSpecification } from "maplibre-gl";
import { PMTiles } from "pmtiles";
import {
  BASEMAP_ATTRIBUTION,
  FIRST_LABEL,
  FIRST_WATER,
  NEAREST,
  basemapStyle,
  paletteOf,
  type Theme,
} from "./basemap";
import type { Map as MapLibre } from "./maplibre";
import type { Declared } from "./own_basemap";

/** What lies under everything, and whose it is. */
export interface Ground {
  credit: string;
  nearest: number; // zoom
  isCoarse: () => boolean;
  style(theme: Theme, language: string): StyleSpecification;
  /** Look after it in a map, and bring the build's back once it has to be given up. */
  watch(map: MapLibre): void;
}

/** The base map of the build. */
export const BUILT: Ground = {
  credit: BASEMAP_ATTRIBUTION,
  nearest: NEAREST,
  isCoarse: () => true,
  style: basemapStyle,
  watch: () => {},
};

const NEAREST_OF_OWN = 14; // zoom

const MISSES = 3; // of tiles, one after the other

/** The ground that the page's root names; the build's where nothing is named, or it cannot be had. */
export async function groundOf({ dataset }: HTMLElement): Promise<Ground> {
  const said = dataset["basemap"];
  if (!said) return BUILT;
  try {
    return await ownGround(JSON.parse(said) as Declared);
  } catch (error) {
    console.warn("basemap: the own archive is not used:", error);
    return BUILT;
  }
}

async function ownGround({ url, schema, attribution }: Declared): Promise<Ground> {
  const { OWN, drawnOf, ownStyle, reachOf } = await import("./own_basemap");
  const drawn = await drawnOf(schema);
  const draw = (theme: Theme, language: string): LayerSpecification[] =>
    drawn(theme, paletteOf(theme), language);
  const named = draw("light", "en").map((layer) =>
    "source-layer" in layer ? (layer["source-layer"] ?? "") : "",
  );
  const absolute = new URL(url, location.href).href;
  const reach = await reachOf(new PMTiles(absolute), new Set(named));
  const style = (theme: Theme, language: string): StyleSpecification =>
    ownStyle(absolute, reach, draw(theme, language), {
      base: basemapStyle(theme, language),
      palette: paletteOf(theme),
      firstWater: FIRST_WATER,
      firstLabel: FIRST_LABEL,
    });
  let failed = false;
  return {
    credit: `${attribution} · ${BASEMAP_ATTRIBUTION}`,
    nearest: NEAREST_OF_OWN,
    isCoarse: () => failed,
    style: (theme, language) => (failed ? basemapStyle : style)(theme, language),
    watch(map) {
      let misses = MISSES - 1; // before the first tile one is enough
      map.on("sourcedata", ({ sourceId, tile }: MapSourceDataEvent) => {
        if (sourceId === OWN && tile) misses = 0;
      });
      map.on("error", ({ error, ...event }: ErrorEvent & { sourceId?: string }) => {
        if (event.sourceId !== OWN || failed || ++misses < MISSES) return;
        failed = true;
        console.warn("basemap: the own archive is given up:", error);
        retreat(map, OWN, style("light", "en"));
        map.setMaxZoom(NEAREST);
      });
    },
  };
}

/** Take an archive's layers out of a map, and show the build's as they are without it. */
function retreat(map: MapLibre, own: string, { layers }: StyleSpecification): void {
  const base = new Map(basemapStyle("light", "en").layers.map((layer) => [layer.id, layer]));
  for (const layer of layers) {
    const ours = base.get(layer.id);
    if (!ours) {
      map.removeLayer(layer.id);
      continue;
    }
    map.setLayoutProperty(layer.id, "visibility", ours.layout?.visibility ?? "visible");
    map.setLayerZoomRange(layer.id, ours.minzoom ?? 0, ours.maxzoom ?? 24);
    if (ours.type === "symbol") map.setFilter(layer.id, ours.filter ?? null);
  }
  map.removeSource(own);
}
