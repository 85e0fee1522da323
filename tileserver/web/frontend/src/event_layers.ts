// The style layers of events: a mark for each, and a ring around it where its place is not exact, as wide as the place
// may be away, so that nobody takes the middle of a square for where it happened. A ring is a shape, not a colour.

import type { ExpressionSpecification } from "maplibre-gl";
import { FIRST_LABEL, paletteOf } from "./basemap";
import type { DrawnLayer } from "./catalogue";
import { filterOf } from "./event_choice";
import {
  byCode,
  colourOf,
  onState,
  placed,
  shapeImage,
  stepped,
  type Look,
  type PlacedLayer,
  type SourceTraits,
} from "./style_parts";

const METRES = 78271.517; // a pixel at zoom 0 on the equator, where the world is 512 pixels wide
const [NARROWEST, WIDEST] = [11, 2000]; // pixels: around the mark; and beyond any screen, for a ring on it says where
const [FAINT, CLEAR] = [0.08, 0.8]; // opacities of the inside of a ring, and of its edge
const ZOOMS = [2, 4, 6, 8, 10, 12, 14, 16, 18];

const HOLLOW = [0, 1, 1, 1, 1]; // opacity of the hole in a mark, by the same
const TODAY = [1, 0, 0, 0, 0];
const FADING = [1, 0.9, 0.75, 0.55, 0.4]; // opacity of a mark by its age, see `AGES`
const [FAR, NEAR] = [5.5, 6.5]; // zooms: from afar older marks lie upon each other, and upon the front
const FROM_AFAR = 0.55; // of their opacity
const SMALL = [4, 0.42, 6, 0.66, 9, 1] as const; // sizes of a mark by zoom
const LARGE = [4, 0.9, 6, 1, 9, 1] as const; // where there are few
const HOLE = 2.3; // radius of the hole of a mark of size 1, pixels

/** How much of a mark is seen: all of it on its own day, less and less later; nothing where it is off. */
function faded(traits: SourceTraits, whole = 1, byAge = FADING): ExpressionSpecification | number {
  const [first = 1, ...later] = byAge.map((share) => share * whole);
  const age: ExpressionSpecification = ["number", ["feature-state", "age"], 0];
  const opacity = ["step", age, first, ...later.flatMap((share, i) => [i + 1, share])];
  return onState(traits, true, opacity as ExpressionSpecification);
}

/** How much of a mark is seen by zoom: from afar the older ones less, unless there are few. */
function thinned(
  { fewEvents }: Look,
  traits: SourceTraits,
  byAge = FADING,
): ExpressionSpecification | number {
  if (traits.baseDay === null || fewEvents) return faded(traits, 1, byAge);
  const afar = byAge.map((share, age) => (age ? share * FROM_AFAR : share));
  const by = [FAR, faded(traits, 1, afar), NEAR, faded(traits, 1, byAge)];
  return ["interpolate", ["linear"], ["zoom"], ...by] as unknown as ExpressionSpecification;
}

/** Opacities that show what is in a source of which all is drawn, by its age. */
const seenAll = (
  { baseDay, age = 0 }: SourceTraits,
  opacities: Record<string, number>,
  byAge = FADING,
): Record<string, number> =>
  baseDay === null
    ? Object.fromEntries(Object.entries(opacities).map(([name, whole]) => [name, whole * (byAge[age] ?? 1)]))
    : {};

const stopsOf = ({ fewEvents }: Pick<Look, "fewEvents">): readonly number[] => (fewEvents ? LARGE : SMALL);

/** The size of the mark of one event beside its image. */
export const markSize = (zoom: number, look: Pick<Look, "fewEvents">): number => stepped(stopsOf(look), zoom);

/** The sizes of marks by zoom: from afar too small for many to cover the front. */
function sized(look: Look, of: (size: number) => ExpressionSpecification | number): ExpressionSpecification {
  const stops = stopsOf(look).map((each, i) => (i % 2 ? of(each) : each));
  return ["interpolate", ["linear"], ["zoom"], ...stops] as unknown as ExpressionSpecification;
}

/** The marks of a layer of events, above the rings of those whose place is not exact. Those of the shown day are full,
 *  those of the days before it hollow and fainter, so that they are told apart without colour. */
export function events(source: string, layer: DrawnLayer, look: Look, traits: SourceTraits): PlacedLayer[] {
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
    ...rings(source, layer, look, traits),
    placed(
      {
        id: `${source}-${layer.name}-events`,
        type: "symbol",
        source,
        "source-layer": layer.name,
        ...filtered(look, layer),
        // PlacedLayer without regard to labels: what is unseen must not push anything off the map.
        layout: {
          "icon-image": ["case", cell, shapeImage(undefined, 0, look.theme), images],
          "icon-allow-overlap": true,
          "icon-ignore-placement": true,
          "icon-size": sized(look, (size) => ["case", cell, ["max", 1.4, weight], size]),
          "text-field": ["to-string", ["coalesce", ["get", "count"], ""]],
          "text-font": ["Bold", "system-ui"],
          "text-size": 11,
          "text-allow-overlap": true,
          "text-ignore-placement": true,
          ...(traits.baseDay === null
            ? {}
            : { "symbol-sort-key": ["get", "from"] as ExpressionSpecification }),
        },
        paint: {
          "icon-opacity": thinned(look, traits),
          "text-opacity": onState(traits, true),
          "text-color": paletteOf(look.theme).noteText,
        },
      },
      FIRST_LABEL,
      seenAll(traits, { "icon-opacity": 1, "text-opacity": 1 }),
    ),
    ...(look.window > 1
      ? [hollow(source, layer, look, traits), today(source, layer, look, traits, images)]
      : []),
  ];
}

/** The marks of the shown day once more, so that no hole of an older one is above them. */
function today(
  source: string,
  layer: DrawnLayer,
  look: Look,
  traits: SourceTraits,
  images: ExpressionSpecification | string,
): PlacedLayer {
  return placed(
    {
      id: `${source}-${layer.name}-today`,
      type: "symbol",
      source,
      "source-layer": layer.name,
      ...filtered(look, layer, ["!", ["has", "count"]]),
      layout: {
        "icon-image": images,
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
        "icon-size": sized(look, (size) => size),
      },
      paint: { "icon-opacity": faded(traits, 1, TODAY) },
    },
    FIRST_LABEL,
    seenAll(traits, { "icon-opacity": 1 }, TODAY),
  );
}

function filtered(
  { hidden }: Look,
  { name }: DrawnLayer,
  ...own: ExpressionSpecification[]
): { filter?: ExpressionSpecification } {
  const filter = filterOf(hidden, name, ...own);
  return filter ? { filter } : {};
}

/** What makes the marks of earlier days hollow. */
function hollow(source: string, layer: DrawnLayer, look: Look, traits: SourceTraits): PlacedLayer {
  const { eventCasing } = paletteOf(look.theme);
  return placed(
    {
      id: `${source}-${layer.name}-earlier`,
      type: "circle",
      source,
      "source-layer": layer.name,
      ...filtered(look, layer, ["!", ["has", "count"]]),
      paint: {
        "circle-radius": sized(look, (size) => HOLE * size),
        "circle-color": eventCasing,
        "circle-opacity": thinned(look, traits, HOLLOW),
      },
    },
    FIRST_LABEL,
    seenAll(traits, { "circle-opacity": 1 }, HOLLOW),
  );
}

/** The radius in pixels of the ring around a place that lies anywhere in a square of these metres. */
export function ringRadius(metres: number, zoom: number, latitude: number): number {
  const pixel = (METRES * Math.cos((latitude * Math.PI) / 180)) / 2 ** zoom;
  return Math.min(WIDEST, Math.max(NARROWEST, (metres * Math.SQRT1_2) / pixel));
}

function rings(source: string, layer: DrawnLayer, look: Look, traits: SourceTraits): PlacedLayer[] {
  const { exactness, classes = [], latitude = 0 } = layer.evidence ?? {};
  const inexact = classes.filter(({ metres }) => metres > 0);
  if (!exactness || inexact.length === 0) return [];
  const radius = (zoom: number): ExpressionSpecification =>
    [
      "match",
      ["to-string", ["get", exactness]],
      ...inexact.flatMap((one) => [one.code, ringRadius(one.metres, zoom, latitude)]),
      0,
    ] as unknown as ExpressionSpecification;
  const colour = byCode(
    layer.category,
    layer.legend.map((category) => [category.code, colourOf(category, look.theme)]),
    paletteOf(look.theme).note,
  );
  const seen = { "circle-opacity": FAINT, "circle-stroke-opacity": CLEAR };
  return [
    placed(
      {
        id: `${source}-${layer.name}-rings`,
        type: "circle",
        source,
        "source-layer": layer.name,
        ...filtered(look, layer, [
          "in",
          ["to-string", ["get", exactness]],
          ["literal", inexact.map((one) => one.code)],
        ]),
        paint: {
          "circle-radius": [
            "interpolate",
            ["exponential", 2],
            ["zoom"],
            ...ZOOMS.flatMap((zoom) => [zoom, radius(zoom)]),
          ] as unknown as ExpressionSpecification,
          "circle-color": colour,
          "circle-opacity": faded(traits, FAINT),
          "circle-stroke-color": colour,
          "circle-stroke-width": 1.25,
          "circle-stroke-opacity": faded(traits, CLEAR),
        },
      },
      FIRST_LABEL,
      seenAll(traits, seen),
    ),
  ];
}
