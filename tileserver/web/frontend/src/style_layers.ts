// The style of a theatre in one source: of a single day, or of a period whose features are switched from day to
// day. Layer ids carry the source's, so that several sources can stand in the map at once, one of them seen.

import type { ExpressionSpecification } from "maplibre-gl";
import { FIRST_LABEL, FIRST_WATER, paletteOf } from "./basemap";
import type { DrawnLayer, Role } from "./catalogue";
import { events } from "./event_layers";
import { numberLayout } from "./number_style";
import {
  byCode,
  colourOf,
  onState,
  patternImage,
  placed,
  toothImage,
  type Look,
  type PlacedLayer,
  type SourceTraits,
} from "./style_parts";

export { BOX_IMAGE, arrowheadImage, colourOf, patternImage, shapeImage, toothImage } from "./style_parts";
export type { Look, PlacedLayer, SourceTraits } from "./style_parts";

/** Roles drawn as symbols, or with some, which have no opacity of the whole layer: unseen, their features are switched off. */
export const SYMBOLS: readonly Role[] = ["front", "events", "notes"];

const FIRST_TEETH = 5.5; // zoom
// By zoom, px: where only roads are held the front has two sides with nothing between, and from afar they would be one blot.
const LINE = [4, 0.9, 7, 1.6, 10, 3] as const;
const CASING = [4, 2.2, 7, 3.8, 10, 7] as const;
const OTHER_COLOUR = "#8a8a8a";
const OVERLAY_OPACITY = 0.28; // control shows through

function areas(source: string, layer: DrawnLayer, { theme }: Look, traits: SourceTraits): PlacedLayer[] {
  const { legend: categories, category: property } = layer;
  const pale = categories.filter((category) => category.pattern === "pale").map(({ code }) => code);
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
  const among = (codes: string[]): ExpressionSpecification => [
    "in",
    ["to-string", ["get", property]],
    ["literal", codes],
  ];
  const only = among(patterned.map(({ code }) => code));
  return [
    fill(
      "areas",
      { "fill-color": plain },
      colours.controlOpacity,
      pale.length ? ["!", among(pale)] : undefined,
    ),
    ...(pale.length
      ? [
          fill(
            "pale-areas",
            { "fill-color": plain, "fill-antialias": false },
            colours.paleOpacity,
            among(pale),
          ),
        ]
      : []),
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
  const line = (id: string, colour: string, widths: readonly number[], seen: number): PlacedLayer =>
    placed(
      {
        id: `${source}-${layer.name}-${id}`,
        type: "line",
        source,
        "source-layer": layer.name,
        layout: { "line-join": "round", "line-cap": "round" },
        paint: {
          "line-color": colour,
          "line-opacity": traits.baseDay === null ? 1 : onState(traits, true),
          "line-layer-opacity": 0,
          "line-width": ["interpolate", ["linear"], ["zoom"], ...widths] as ExpressionSpecification,
        },
      },
      FIRST_LABEL,
      { "line-layer-opacity": seen },
    );
  const [named] = layer.legend;
  const colour = named ? colourOf(named, look.theme) : colours.frontline;
  return [
    line("casing", colours.casing, CASING, 1), // opaque: anything else costs a pass of its own
    line("front", colour, LINE, 1),
    ...(layer.derived && look.sides ? [teeth(source, layer, look, traits, colour)] : []),
  ];
}

/** Teeth along the front, on the side of the land that the front's side holds: its lines have that on their right (see
 *  `facing.ts`), and there is below for what stands along a line. */
function teeth(
  source: string,
  layer: DrawnLayer,
  { theme }: Look,
  traits: SourceTraits,
  colour: string,
): PlacedLayer {
  return placed(
    {
      id: `${source}-${layer.name}-teeth`,
      type: "symbol",
      source,
      "source-layer": layer.name,
      minzoom: FIRST_TEETH,
      layout: {
        "symbol-placement": "line",
        "symbol-spacing": ["interpolate", ["linear"], ["zoom"], FIRST_TEETH, 34, 9, 38],
        "icon-image": toothImage(colour, theme),
        "icon-size": ["interpolate", ["linear"], ["zoom"], FIRST_TEETH, 0.5, 7, 0.7, 10, 1.15],
        "icon-anchor": "top",
        "icon-rotation-alignment": "map",
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
        "icon-padding": 0,
      },
      paint: { "icon-opacity": onState(traits, true) },
    },
    FIRST_LABEL,
    traits.baseDay === null ? { "icon-opacity": 1 } : {},
  );
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
        layout: { ...numberLayout(look.theme), "text-field": number },
        paint: {
          "icon-opacity": ownOnly(onState(traits, true)),
          "text-opacity": ownOnly(onState(traits, true)),
          "text-color": colours.noteText,
        },
      },
      "",
      traits.baseDay === null ? { "icon-opacity": ownOnly(1), "text-opacity": ownOnly(1) } : {},
    ),
  ];
}

/** An opacity of what stands on its place, and not beside it (see `note_numbers.ts`). */
const ownOnly = (opacity: ExpressionSpecification | number): ExpressionSpecification => [
  "case",
  ["boolean", ["feature-state", "beside"], false],
  0,
  opacity,
];

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
