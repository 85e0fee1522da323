// The style of a map of the desk: the readers' ground, what is public in its own colours, and the change above all land;
// the public front runs above the change, which touches it more often than not, and below events.

import type { FeatureCollection } from "geojson";
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import { FIRST_LABEL, FIRST_WATER, paletteOf, type Theme } from "../basemap";
import type { Category, DrawnLayer } from "../catalogue";
import { USUAL_WINDOW } from "../event_window";
import type { Ground } from "../ground";
import { styleLayers } from "../style_layers";
import { byCode, colourOf, patternImage, toothImage } from "../style_parts";

/** Look of a class of shapes and marks, with its words for the legend. */
export interface Paint {
  words: string;
  colour: string;
  colour_dark: string;
  texture: "fill" | "hatch" | "dots" | "pale" | "outline" | "line";
}

/** A numbered place, longitude first, that links to a row of the page. */
export interface Mark {
  at: [number, number];
  label: string;
  paint: number;
  title: string;
  target: string;
}

/** What `tileserver/picture/live.py` says of a map; `paint` of its features counts `paints` from 0. */
export interface LiveMap {
  name: string;
  title: string;
  bounds: [number, number, number, number];
  paints: Paint[];
  public: FeatureCollection;
  front: FeatureCollection;
  change: FeatureCollection;
  marks: Mark[];
}

/** The layers of the change, which can be switched off to see what is public. */
export const CHANGE_LAYERS = [
  "change-fill",
  "change-pattern",
  "change-casing",
  "change-edge",
  "change-points",
];
/** Those of them that answer to a click. */
export const TOUCHED = ["change-points", "change-edge", "change-pattern", "change-fill"];

const ofKind = (kind: string): ExpressionSpecification => ["==", ["geometry-type"], kind];

/** The whole style of a map over a ground in a theme. Its images are named as `imageOf` knows them. */
export function changeStyle(map: LiveMap, ground: Ground, theme: Theme): StyleSpecification {
  const base = ground.style(theme, "en");
  const layers = base.layers.flatMap((layer) => {
    if (layer.id === FIRST_WATER) return [...publicLayers(map, "public", "areas", theme), layer];
    if (layer.id !== FIRST_LABEL) return [layer];
    const change = changeLayers(map, theme);
    const front = publicLayers(map, "front", "front", theme);
    return [...change.slice(0, -1), ...front, ...change.slice(-1), layer]; // its points stand above the front
  });
  const sources = {
    ...base.sources,
    public: { type: "geojson" as const, data: map.public, tolerance: 0.2 },
    front: { type: "geojson" as const, data: map.front, tolerance: 0.2 },
    change: { type: "geojson" as const, data: map.change, tolerance: 0 },
  };
  return { ...base, sources, layers };
}

const categoryOf = ({ words, texture, ...colours }: Paint, code: number): Category => ({
  code: String(code),
  label: { en: words },
  ...colours,
  pattern: texture === "hatch" || texture === "dots" || texture === "pale" ? texture : "none",
});

/** The paints that features or marks have, as categories whose code is their number. */
const categoriesIn = ({ paints }: LiveMap, { features }: FeatureCollection): Category[] => {
  const used = new Set(features.map(({ properties }) => properties?.["paint"] as number));
  return paints.flatMap((paint, code) => (used.has(code) ? [categoryOf(paint, code)] : []));
};

/** What is public, areas or their front, drawn as on the readers' map. */
function publicLayers(
  map: LiveMap,
  source: "public" | "front",
  role: DrawnLayer["role"],
  theme: Theme,
): LayerSpecification[] {
  const legend = categoriesIn(map, map[source]);
  if (!legend.length) return [];
  const layer = {
    name: source,
    role,
    title: { en: "" },
    legend,
    category: "paint",
    newest: null,
    shape: 0,
    ...(role === "front" ? { derived: { layer: "public", side: "" } } : {}), // its lines come turned
  };
  const look = { theme, sides: true, drawn: [layer], window: USUAL_WINDOW, hidden: new Set<string>() };
  return styleLayers(source, look, { directions: [], baseDay: null }).map(({ layer: drawn, seen }) => {
    const own = { ...drawn, paint: { ...drawn.paint, ...seen } } as LayerSpecification;
    if ("source-layer" in own) delete own["source-layer"];
    return own;
  });
}

function changeLayers(map: LiveMap, theme: Theme): LayerSpecification[] {
  const colours = paletteOf(theme);
  const legend = categoriesIn(map, map.change);
  const patterned = legend.filter(({ pattern }) => pattern !== "none");
  const colour = byCode(
    "paint",
    legend.map((one) => [one.code, colourOf(one, theme)]),
    colours.note,
  );
  const image = byCode(
    "paint",
    patterned.map((one) => [one.code, patternImage(one, theme)]),
    "",
  );
  const isPatterned: ExpressionSpecification = [
    "in",
    ["to-string", ["get", "paint"]],
    ["literal", patterned.map(({ code }) => code)],
  ];
  const area = ofKind("Polygon");
  const drawn = { source: "change" };
  const round = { "line-join": "round" as const, "line-cap": "round" as const };
  return [
    {
      ...drawn,
      id: "change-fill",
      type: "fill",
      filter: ["all", area, ["!", isPatterned]],
      paint: { "fill-color": colour, "fill-opacity": 0.75 },
    },
    {
      ...drawn,
      id: "change-pattern",
      type: "fill",
      filter: ["all", area, isPatterned],
      paint: patterned.length ? { "fill-pattern": image } : { "fill-opacity": 0 },
    },
    {
      ...drawn,
      id: "change-casing",
      type: "line",
      filter: ["!", ofKind("Point")],
      layout: round,
      paint: { "line-color": colours.casing, "line-width": 4 },
    },
    {
      ...drawn,
      id: "change-edge",
      type: "line",
      filter: ["!", ofKind("Point")],
      layout: round,
      paint: {
        "line-color": ["case", area, colours.label, colour],
        "line-width": ["case", area, 1.4, 2.6],
      },
    },
    {
      ...drawn,
      id: "change-points",
      type: "circle",
      filter: ofKind("Point"),
      paint: {
        "circle-color": colour,
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 5, 3, 10, 6],
        "circle-stroke-color": colours.casing,
        "circle-stroke-width": 1.5,
      },
    },
  ];
}

/** The names of all images that the style of a map in a theme has, but those of places. */
export const imagesOf = (map: LiveMap, theme: Theme): string[] => {
  const every = [...categoriesIn(map, map.public), ...categoriesIn(map, map.change)];
  const patterned = every.filter(({ pattern }) => pattern !== "none");
  const fronts = categoriesIn(map, map.front).map((one) => toothImage(colourOf(one, theme), theme));
  return [...new Set([...patterned.map((one) => patternImage(one, theme)), ...fronts])];
};

/** Whether a paint is that of what is public, which is drawn fainter than the change. */
export const isBeneath = (map: LiveMap, paint: number): boolean =>
  map.public.features.some(({ properties }) => properties?.["paint"] === paint);

/** The paints of all that a map shows, in their order, with the numbers of their classes. */
export function legendOf(map: LiveMap): [number, Paint][] {
  const used = new Set(map.marks.map(({ paint }) => paint));
  for (const { features } of [map.public, map.front, map.change])
    for (const { properties } of features) used.add(properties?.["paint"] as number);
  return [...map.paints.entries()].filter(([number]) => used.has(number));
}
