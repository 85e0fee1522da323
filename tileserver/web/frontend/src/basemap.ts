// The style of the base map: our own archives, drawn calm, so that the theatre's colours speak.

import type { LayerSpecification, StyleSpecification, ExpressionSpecification } from "maplibre-gl";
import palettes from "../../../../styles/palette.json";

/** The dress of page and map. */
export type Theme = "light" | "dark";
/** The colours of a theme as CSS hex, and opacities from 0 to 1; see styles/palette.json. */
export type Palette = (typeof palettes)["light"];

/** The palette of a theme. */
export const paletteOf = (theme: Theme): Palette => palettes[theme];

/** The credit of the base map, shown whatever the theatre. */
export const BASEMAP_ATTRIBUTION =
  "Natural Earth · © OpenStreetMap contributors (ODbL) · GeoNames (CC BY 4.0)";
/** Areas are drawn under this layer, so that rivers and the sea stay visible. */
export const FIRST_WATER = "region-water";
/** Lines and points are drawn under this one. */
export const FIRST_LABEL = "world-places";
/** Pictures that the style names; the map asks for them (see `images.ts`). */
export const PLACE_IMAGES = ["place-dot", "place-capital"] as const;

const archive = (name: string): string =>
  `pmtiles://${new URL(`static/basemap/${name}.pmtiles`, location.href).href}`;
const nameIn = (language: string): ExpressionSpecification => [
  "coalesce",
  ["get", `name_${language}`],
  ["get", "name_en"],
];

function groundLayers(colours: Palette): LayerSpecification[] {
  const border = {
    "line-color": colours.border,
    "line-dasharray": [3, 2],
    "line-width": ["interpolate", ["linear"], ["zoom"], 3, 0.6, 8, 1.3],
  };
  return [
    { id: "sea", type: "background", paint: { "background-color": colours.water } },
    {
      id: "world-land",
      type: "fill",
      source: "world",
      "source-layer": "land",
      paint: { "fill-color": colours.land, "fill-antialias": true },
    },
    {
      id: "region-land",
      type: "fill",
      source: "regions",
      "source-layer": "land",
      paint: { "fill-color": colours.land, "fill-antialias": false },
    },
    {
      id: FIRST_WATER,
      type: "fill",
      source: "regions",
      "source-layer": "water",
      paint: { "fill-color": colours.water, "fill-outline-color": colours.coast },
    },
    ...[
      ["world", "border"],
      ["world", "outer"],
      ["regions", "border"],
    ].map(
      ([source, layer]) =>
        ({
          id: `${source}-${layer}`,
          type: "line",
          source,
          "source-layer": layer,
          layout: { "line-join": "round" },
          paint: border,
        }) as LayerSpecification,
    ),
  ];
}

function countryLayer(colours: Palette, language: string): LayerSpecification {
  return {
    id: "countries",
    type: "symbol",
    source: "world",
    "source-layer": "country",
    minzoom: 2,
    maxzoom: 6.2,
    filter: ["<=", ["get", "from"], ["zoom"]],
    layout: {
      "text-field": nameIn(language),
      "text-font": ["Medium", "system-ui"],
      "text-max-width": 7,
      "text-letter-spacing": 0.14,
      "text-transform": "uppercase",
      "symbol-sort-key": ["-", 0, ["get", "size"]],
      "text-size": ["interpolate", ["linear"], ["zoom"], 2, 9, 6, 13],
    },
    paint: {
      "text-color": colours.labelFaint,
      "text-halo-color": colours.labelHalo,
      "text-halo-width": 1.2,
      "text-opacity": 0.85,
    },
  };
}

function placeLayers(colours: Palette, language: string): LayerSpecification[] {
  const shown: ExpressionSpecification = ["<=", ["get", "from"], ["zoom"]];
  const size: ExpressionSpecification = [
    "interpolate",
    ["linear"],
    ["zoom"],
    4,
    ["case", ["<=", ["get", "from"], 4], 12, 10.5],
    9,
    ["case", ["<=", ["get", "from"], 5], 17, ["<=", ["get", "from"], 7], 13.5, 11.5],
  ];
  const text = (source: string): LayerSpecification => ({
    id: `${source}-places`,
    type: "symbol",
    source,
    "source-layer": "place",
    minzoom: 3.5,
    filter: shown,
    layout: {
      "icon-image": ["case", ["has", "capital"], PLACE_IMAGES[1], PLACE_IMAGES[0]],
      "icon-padding": 0, // one does not stand without the other
      "text-field": nameIn(language),
      "text-size": size,
      "text-max-width": 8,
      "text-padding": 6,
      "text-font": [
        "case",
        ["<=", ["get", "from"], 5],
        ["literal", ["Medium", "system-ui"]],
        ["literal", ["system-ui"]],
      ],
      "symbol-sort-key": ["-", ["get", "from"], ["/", ["get", "people"], 1e8]],
      "text-variable-anchor": ["left", "right", "top", "bottom"],
      "text-radial-offset": 0.5,
      "text-justify": "auto",
    },
    paint: {
      "text-color": colours.label,
      "text-halo-color": colours.labelHalo,
      "text-halo-width": 1.5,
      "text-halo-blur": 0.3,
    },
  });
  return [text("world"), text("regions")];
}

/** The whole base map as a style. Text is drawn with the reader's own fonts: there is no glyph endpoint. */
export function basemapStyle(theme: Theme, language: string): StyleSpecification {
  const colours = paletteOf(theme);
  return {
    version: 8,
    transition: { duration: 0, delay: 0 }, // a day is swapped within one frame
    sources: {
      world: { type: "vector", url: archive("world") },
      regions: { type: "vector", url: archive("regions") },
    },
    layers: [...groundLayers(colours), ...placeLayers(colours, language), countryLayer(colours, language)],
  };
}
