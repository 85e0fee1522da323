// What the style layers of all roles are made of: colours and images of categories, and how a feature is switched.

import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import { paletteOf, type Theme } from "./basemap";
import type { Category, DrawnLayer } from "./catalogue";
import type { EventWindow } from "./event_window";
import type { DayNumber } from "./periods";

/** Everything about a theatre that its style is made from: the theme, the layers that are on, the window of its events,
 *  and what of them is left out, as terms. */
export interface Look {
  theme: Theme;
  sides?: boolean; // whether the sides of the front are told apart
  drawn: readonly DrawnLayer[];
  window: EventWindow;
  hidden: ReadonlySet<string>;
  fewEvents?: boolean; // whether the theatre has so few that they may be large from afar
}

/** The part of a style that differs between sources of one look: directions in the order of their numbers on the
 *  map, and the day that is drawn where feature state says nothing; null for a source of which all is drawn, and then
 *  with the age of its events, an index of `AGES`. */
export interface SourceTraits {
  directions: string[];
  baseDay: DayNumber | null;
  age?: number;
}

/** An opacity from 0 to 1, or what it depends on. */
export type Opacity = number | ExpressionSpecification;

/** A style layer, unseen, to be added under the one called `before` ("" for the top). Setting the opacities of
 *  `seen` shows it in one frame, whatever its features; those of `unseen` hide it. */
export interface PlacedLayer {
  layer: LayerSpecification;
  before: string;
  seen: Record<string, Opacity>;
  unseen: Record<string, number>;
}

export const placed = (
  layer: LayerSpecification,
  before: string,
  seen: Record<string, Opacity>,
): PlacedLayer => ({
  layer,
  before,
  seen,
  unseen: Object.fromEntries(Object.keys(seen).map((property) => [property, 0])),
});

/** An opacity where a feature is on, else 0. Faces and lines are drawn as of the base day without any state. */
export function onState(
  { baseDay }: SourceTraits,
  symbols: boolean,
  opacity: ExpressionSpecification | number = 1,
): ExpressionSpecification | number {
  if (baseDay === null) return symbols ? 0 : 1;
  const unsaid: ExpressionSpecification | boolean = symbols
    ? false
    : ["all", ["<=", ["get", "from"], baseDay], [">", ["get", "to"], baseDay]];
  return ["case", ["boolean", ["feature-state", "on"], unsaid], opacity, 0];
}

/** The colour of a category in a theme, as CSS hex. */
export const colourOf = (category: Category, theme: Theme): string =>
  theme === "dark" ? category.colour_dark : category.colour;

/** Name of the generated image of a pattern. It carries the colour, because a theme changes it. */
export const patternImage = (category: Category, theme: Theme): string =>
  `${category.pattern}:${colourOf(category, theme)}`;
/** Name of the generated image of the head of an arrow. */
export const arrowheadImage = (colour: string, theme: Theme): string => `arrowhead:${colour}:${theme}`;
/** Name of the generated image of the box around a note's words, without the theme. */
export const BOX_IMAGE = "box";
/** Name of the generated image of the teeth of a front. */
export const toothImage = (colour: string, theme: Theme): string => `teeth:${colour}:${theme}`;
/** Name of the generated image of the *index*-th category of all events; undefined for events of no category. */
export const shapeImage = (category: Category | undefined, index: number, theme: Theme): string =>
  `shape-${index % SHAPES}:${category ? colourOf(category, theme) : paletteOf(theme).note}:${theme}`;

const SHAPES = 8; // that many categories of events are told apart without colour

export function byCode(
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

/** Values by zoom, each times *by*, as an expression. */
export const interpolated = (stops: readonly number[], by = 1): ExpressionSpecification =>
  [
    "interpolate",
    ["linear"],
    ["zoom"],
    ...stops.map((each, i) => (i % 2 ? each * by : each)),
  ] as unknown as ExpressionSpecification;

/** The value of such stops at a zoom. */
export function stepped(stops: readonly number[], zoom: number): number {
  const zooms = stops.filter((_, i) => i % 2 === 0),
    values = stops.filter((_, i) => i % 2);
  const next = zooms.findIndex((one) => one > zoom);
  if (next < 1) return next ? values.at(-1)! : values[0]!;
  const share = (zoom - zooms[next - 1]!) / (zooms[next]! - zooms[next - 1]!);
  return values[next - 1]! + share * (values[next]! - values[next - 1]!);
}
