// The style of the base map: our own archives, drawn calm, so that the theatre's colours speak. What the archives hold is
// said at the head of ../basemap/build.mjs; names are in basemap_labels.ts, days of the ground in ground_dates.ts.

import type { LayerSpecification, StyleSpecification } from "maplibre-gl";
import palettes from "../../../../styles/palette.json";
import { labelLayers } from "./basemap_labels";
import { GROUND_DAY, both, partOf, partsOf, type Dated } from "./ground_dates";

export { FIRST_CITY, FIRST_GREAT_CITY, FIRST_LABEL, PLACE_IMAGES } from "./basemap_labels";

/** The dress of page and map. */
export type Theme = "light" | "dark";
/** The colours of a theme as CSS hex, and opacities from 0 to 1; see styles/palette.json. */
export type Palette = (typeof palettes)["light"];

/** The palette of a theme. */
export const paletteOf = (theme: Theme): Palette => palettes[theme];

/** The credit of the base map, shown whatever the theatre. */
export const BASEMAP_ATTRIBUTION =
  "Natural Earth · © OpenStreetMap contributors (ODbL) · GSHHG and WDBII (LGPL) · GeoNames (CC BY 4.0)";
/** Areas are drawn under this layer, so that rivers and the sea stay visible. */
export const FIRST_WATER = "region-water";

let built = "static/"; // where the files of the build are, from the page

/** Say where the files of the build are, for a page that is not beside them. */
export const useBuildAt = (folder: string): void => void (built = folder);

/** The zoom from which the ground of the build is coarser than a reader would think, and the nearest that it is drawn at:
 *  its sources know rivers and shores to some hundred metres, the Dnipro's flood plain to two kilometres, and no roads. */
export const COARSE_FROM = 10.5;
export const NEAREST = 12;

const archive = (name: string): string =>
  `pmtiles://${new URL(`${built}basemap/${name}.pmtiles`, location.href).href}`;

/** Whether an address is of an archive of the build, or of a part of one. */
export const isOfBuild = (url: string): boolean =>
  url.startsWith(`pmtiles://${new URL(`${built}basemap/`, location.href).href}`);

function landLayers(colours: Palette): LayerSpecification[] {
  const land = (source: string, antialias: boolean): LayerSpecification => ({
    id: source === "world" ? "world-land" : "region-land",
    type: "fill",
    source,
    "source-layer": "land",
    paint: { "fill-color": colours.land, "fill-antialias": antialias },
  });
  return [
    { id: "sea", type: "background", paint: { "background-color": colours.water } },
    land("world", true),
    land("regions", false),
  ];
}

function waterLayers(colours: Palette): LayerSpecification[] {
  return partsOf("kakhovka").map(({ id, filter, opacity }): LayerSpecification => ({
    id: `${FIRST_WATER}${id}`,
    type: "fill",
    source: "regions",
    "source-layer": "water",
    filter,
    paint: {
      "fill-color": colours.water,
      "fill-outline-color": colours.coast,
      // A fill of opacity 1 is drawn before all others, and so under the areas of control, whatever the order.
      // From near by, what is not the sea is seen through, so that a town that the source has in the water stands on land.
      "fill-opacity": [
        "interpolate",
        ["linear"],
        ["zoom"],
        COARSE_FROM - 1,
        ["*", 0.999, opacity],
        COARSE_FROM + 0.5,
        ["*", ["match", ["get", "kind"], "sea", 0.999, 0.4], opacity],
      ],
    },
  }));
}

function riverLayers(colours: Palette): LayerSpecification[] {
  const river = (source: string, { id, filter, opacity }: Dated): LayerSpecification => ({
    id: `${source}-river${id}`,
    type: "line",
    source,
    "source-layer": "river",
    filter: both(filter, ["!", ["has", "lake"]]),
    layout: { "line-join": "round", "line-cap": "round" },
    paint: {
      "line-color": colours.river,
      "line-opacity": opacity,
      "line-width": [
        "interpolate",
        ["exponential", 1.5],
        ["zoom"],
        4,
        ["+", 0.15, ["*", 0.25, ["get", "width"]]],
        9,
        ["+", 0.4, ["*", 0.7, ["get", "width"]]],
        13,
        ["*", 2.6, ["get", "width"]],
      ],
    },
  });
  const [still] = partsOf();
  return [river("world", still!), river("regions", still!), river("regions", partOf("bed"))];
}

function borderLayers(colours: Palette): LayerSpecification[] {
  const { filter, opacity } = partOf("borders");
  const border = (
    id: string,
    source: string,
    layer: string,
    level: number,
    paint: object,
  ): LayerSpecification => ({
    id,
    type: "line",
    source,
    "source-layer": layer,
    filter: both(filter, ["==", ["get", "level"], level]),
    layout: { "line-join": "round" },
    paint: { "line-opacity": opacity, ...paint },
  });
  const country = {
    "line-color": colours.border,
    "line-dasharray": [3, 2],
    "line-width": ["interpolate", ["linear"], ["zoom"], 3, 0.6, 8, 1.4],
  };
  const oblast = {
    "line-color": colours.oblast,
    "line-dasharray": [1.5, 2.5],
    "line-width": ["interpolate", ["linear"], ["zoom"], 5, 0.5, 9, 1.1],
  };
  return [
    border("region-oblast-border", "regions", "border", 1, oblast),
    border("world-border", "world", "border", 0, country),
    border("world-outer", "world", "outer", 0, country),
    border("region-border", "regions", "border", 0, country),
  ];
}

const railLayer = (colours: Palette): LayerSpecification => ({
  id: "region-rail",
  type: "line",
  source: "regions",
  "source-layer": "rail",
  minzoom: 6,
  maxzoom: 8,
  paint: {
    "line-color": colours.rail,
    "line-opacity": ["interpolate", ["linear"], ["zoom"], 6, 0.4, 6.7, 0.9, 7.4, 0.9, 8, 0],
    "line-width": ["interpolate", ["linear"], ["zoom"], 6, 0.5, 8, 0.9],
  },
});

/** The whole base map as a style. Text is drawn with the reader's own fonts: there is no glyph endpoint. */
export function basemapStyle(theme: Theme, language: string): StyleSpecification {
  const colours = paletteOf(theme);
  return {
    version: 8,
    transition: { duration: 0, delay: 0 }, // a day is swapped within one frame
    state: { [GROUND_DAY]: { default: "" } },
    sources: {
      world: { type: "vector", url: archive("world") },
      regions: { type: "vector", url: archive("regions") },
    },
    layers: [
      ...landLayers(colours),
      ...waterLayers(colours),
      ...riverLayers(colours),
      railLayer(colours),
      ...borderLayers(colours),
      ...labelLayers(colours, language),
    ],
  };
}
