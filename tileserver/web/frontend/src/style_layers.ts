// The style of a theatre in one source: of a single day, or of a period whose features are switched from day to
// day. Layer ids carry the source's, so that several sources can stand in the map at once, one of them seen.

import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import { FIRST_LABEL, FIRST_WATER, paletteOf, type Theme } from "./basemap";
import type { Category, DrawnLayer, Role } from "./catalogue";
import type { DayNumber } from "./periods";

/** Everything about a theatre that its style is made from: the theme, and the layers that are on. */
export interface Look {
  theme: Theme;
  drawn: readonly DrawnLayer[];
}

/** The part of a style that differs between sources of one look: directions in the order of their numbers on the
 *  map, and the day that is drawn where feature state says nothing; null for a source of one day only. */
export interface SourceTraits {
  directions: string[];
  baseDay: DayNumber | null;
}

/** A style layer, unseen, to be added under the one called `before` ("" for the top). Setting the opacities of
 *  `seen` shows it in one frame, whatever its features; those of `unseen` hide it. */
export interface PlacedLayer {
  layer: LayerSpecification;
  before: string;
  seen: Record<string, number>;
  unseen: Record<string, number>;
}

/** Roles drawn as symbols, which have no opacity of the whole layer: unseen, their features are switched off. */
export const SYMBOLS: readonly Role[] = ["events", "notes"];

const placed = (layer: LayerSpecification, before: string, seen: Record<string, number>): PlacedLayer => ({
  layer,
  before,
  seen,
  unseen: Object.fromEntries(Object.keys(seen).map((property) => [property, 0])),
});

/** 1 where a feature is on, else 0. Faces and lines are drawn as of the base day without any state. */
function onState({ baseDay }: SourceTraits, symbols: boolean): ExpressionSpecification | number {
  if (baseDay === null) return symbols ? 0 : 1;
  const unsaid: ExpressionSpecification | boolean = symbols
    ? false
    : ["all", ["<=", ["get", "from"], baseDay], [">", ["get", "to"], baseDay]];
  return ["case", ["boolean", ["feature-state", "on"], unsaid], 1, 0];
}

/** The colour of a category in a theme, as CSS hex. */
export const colourOf = (category: Category, theme: Theme): string =>
  theme === "dark" ? category.colour_dark : category.colour;

/** Name of the generated image of a pattern. It carries the colour, because a theme changes it. */
export const patternImage = (category: Category, theme: Theme): string =>
  `${category.pattern}:${colourOf(category, theme)}`;
/** Name of the generated image of the *index*-th category of all events; undefined for events of no category. */
export const shapeImage = (category: Category | undefined, index: number, theme: Theme): string =>
  `shape-${index % SHAPES}:${category ? colourOf(category, theme) : paletteOf(theme).note}:${theme}`;

const SHAPES = 8; // that many categories of events are told apart without colour
const OTHER_COLOUR = "#8a8a8a";
const OVERLAY_OPACITY = 0.28; // control shows through

function byCode(
  property: string,
  pairs: [string, string][],
  otherwise: string,
): ExpressionSpecification | string {
  if (pairs.length === 0) return otherwise;
  return [
    "match",
    ["to-string", ["get", property]],
    ...pairs.flat(),
    otherwise,
  ] as unknown as ExpressionSpecification;
}

function areas(source: string, layer: DrawnLayer, { theme }: Look, traits: SourceTraits): PlacedLayer[] {
  const { legend: categories, category: property } = layer;
  const patterned = categories.filter((category) => category.pattern !== "none");
  const colours = paletteOf(theme);
  const fill = (id: string, paint: object, seen: number, filter?: ExpressionSpecification): PlacedLayer =>
    placed(
      {
        id: `${source}-${layer.name}-${id}`,
        type: "fill",
        source,
        "source-layer": layer.name,
        ...(filter ? { filter } : {}),
        // One opacity for the whole layer; a face is there or not: the seams between faces stay invisible.
        paint: { "fill-layer-opacity": 0, "fill-opacity": onState(traits, false), ...paint },
      },
      FIRST_WATER,
      { "fill-layer-opacity": seen },
    );
  const plain = byCode(
    property,
    categories.map((category) => [category.code, colourOf(category, theme)]),
    OTHER_COLOUR,
  );
  const images = byCode(
    property,
    patterned.map((category) => [category.code, patternImage(category, theme)]),
    "",
  );
  const only: ExpressionSpecification = [
    "in",
    ["to-string", ["get", property]],
    ["literal", patterned.map((category) => category.code)],
  ];
  return [
    fill("areas", { "fill-color": plain }, colours.controlOpacity),
    ...(patterned.length
      ? [fill("pattern", { "fill-pattern": images, "fill-antialias": false }, colours.patternOpacity, only)]
      : []),
  ];
}

/** Areas or lines over those of control: an outline, and within areas a thin fill with a pattern of its own. */
function overlay(source: string, layer: DrawnLayer, { theme }: Look, traits: SourceTraits): PlacedLayer[] {
  const [category] = layer.legend;
  const colour = category ? colourOf(category, theme) : OTHER_COLOUR;
  const area: ExpressionSpecification = ["==", ["geometry-type"], "Polygon"];
  const fill = (id: string, paint: object, seen: number): PlacedLayer =>
    placed(
      {
        id: `${source}-${layer.name}-${id}`,
        type: "fill",
        source,
        "source-layer": layer.name,
        filter: area,
        paint: {
          "fill-layer-opacity": 0,
          "fill-opacity": onState(traits, false),
          "fill-antialias": false,
          ...paint,
        },
      },
      FIRST_WATER,
      { "fill-layer-opacity": seen },
    );
  return [
    fill("overlay", { "fill-color": colour }, OVERLAY_OPACITY),
    ...(category && category.pattern !== "none"
      ? [fill("pattern", { "fill-pattern": patternImage(category, theme) }, paletteOf(theme).patternOpacity)]
      : []),
    placed(
      {
        id: `${source}-${layer.name}-edge-overlay`,
        type: "line",
        source,
        "source-layer": layer.name,
        layout: { "line-join": "round" },
        paint: {
          "line-color": colour,
          "line-opacity": onState(traits, false),
          "line-layer-opacity": 0,
          "line-width": ["interpolate", ["linear"], ["zoom"], 4, 0.8, 10, 2],
        },
      },
      FIRST_LABEL,
      { "line-layer-opacity": 1 },
    ),
  ];
}

function front(source: string, layer: DrawnLayer, look: Look, traits: SourceTraits): PlacedLayer[] {
  const colours = paletteOf(look.theme);
  const line = (id: string, colour: string, thin: number, thick: number, seen: number): PlacedLayer =>
    placed(
      {
        id: `${source}-${layer.name}-${id}`,
        type: "line",
        source,
        "source-layer": layer.name,
        layout: { "line-join": "round", "line-cap": "round" },
        paint: {
          "line-color": colour,
          "line-opacity": onState(traits, false),
          "line-layer-opacity": 0,
          "line-width": ["interpolate", ["exponential", 1.4], ["zoom"], 4, thin, 10, thick],
        },
      },
      FIRST_LABEL,
      { "line-layer-opacity": seen },
    );
  const [named] = layer.legend;
  return [
    line("casing", colours.casing, 3, 7, 1), // opaque: anything else costs a pass of its own
    line("front", named ? colourOf(named, look.theme) : colours.frontline, 1.3, 3, 1),
  ];
}

function events(source: string, layer: DrawnLayer, look: Look, traits: SourceTraits): PlacedLayer[] {
  const images = byCode(
    layer.category,
    layer.legend.map((category, i) => [category.code, shapeImage(category, layer.shape + i, look.theme)]),
    shapeImage(undefined, 3, look.theme),
  );
  const cell: ExpressionSpecification = ["has", "count"]; // many events in one place, as large as their number
  const weight: ExpressionSpecification = [
    "min",
    3,
    ["sqrt", ["to-number", ["coalesce", ["get", "count"], 1]]],
  ];
  return [
    placed(
      {
        id: `${source}-${layer.name}-events`,
        type: "symbol",
        source,
        "source-layer": layer.name,
        // PlacedLayer without regard to labels: what is unseen must not push anything off the map.
        layout: {
          "icon-image": ["case", cell, shapeImage(undefined, 0, look.theme), images],
          "icon-allow-overlap": true,
          "icon-ignore-placement": true,
          "icon-size": [
            "interpolate",
            ["linear"],
            ["zoom"],
            4,
            ["case", cell, ["max", 1.4, weight], 0.5],
            9,
            ["case", cell, ["max", 1.4, weight], 1],
          ],
          "text-field": ["to-string", ["coalesce", ["get", "count"], ""]],
          "text-font": ["Bold", "system-ui"],
          "text-size": 11,
          "text-allow-overlap": true,
          "text-ignore-placement": true,
        },
        paint: {
          "icon-opacity": onState(traits, true),
          "text-opacity": onState(traits, true),
          "text-color": paletteOf(look.theme).noteText,
        },
      },
      FIRST_LABEL,
      traits.baseDay === null ? { "icon-opacity": 1, "text-opacity": 1 } : {},
    ),
  ];
}

/** Notes are numbered as in the list beside the map; `directions` has their order. */
function notes(source: string, layer: DrawnLayer, look: Look, traits: SourceTraits): PlacedLayer[] {
  const colours = paletteOf(look.theme);
  const number = byCode(
    "direction",
    traits.directions.map((direction, i) => [direction, String(i + 1)]),
    "",
  );
  return [
    placed(
      {
        id: `${source}-${layer.name}-notes`,
        type: "symbol",
        source,
        "source-layer": layer.name,
        layout: {
          "icon-image": `note:${look.theme}`,
          "icon-allow-overlap": true,
          "icon-ignore-placement": true,
          "text-field": number,
          "text-font": ["Bold", "system-ui"],
          "text-size": ["interpolate", ["linear"], ["zoom"], 4, 9, 6.5, 12],
          "icon-size": ["interpolate", ["linear"], ["zoom"], 4, 0.72, 6.5, 1],
          "text-allow-overlap": true,
          "text-ignore-placement": true,
        },
        paint: {
          "icon-opacity": onState(traits, true),
          "text-opacity": onState(traits, true),
          "text-color": colours.noteText,
        },
      },
      "",
      traits.baseDay === null ? { "icon-opacity": 1, "text-opacity": 1 } : {},
    ),
  ];
}

type Draw = (source: string, layer: DrawnLayer, look: Look, traits: SourceTraits) => PlacedLayer[];

/** In drawing order. */
const DRAWN: [Role, Draw][] = [
  ["areas", areas],
  ["overlay", overlay],
  ["front", front],
  ["events", events],
  ["notes", notes],
];

/** All style layers of a source in drawing order, unseen; of layers of one role in the order of the definition. */
export const styleLayers = (source: string, look: Look, traits: SourceTraits): PlacedLayer[] =>
  DRAWN.flatMap(([role, draw]) =>
    look.drawn.filter((layer) => layer.role === role).flatMap((layer) => draw(source, layer, look, traits)),
  );
