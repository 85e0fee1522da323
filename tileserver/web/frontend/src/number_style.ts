// How the number of a note looks, on its place and beside it, and where its words stand.

import type { ExpressionSpecification, SymbolLayerSpecification } from "maplibre-gl";
import type { Theme } from "./basemap";
import { interpolated, stepped } from "./style_parts";

const SIZES = [4, 0.75, 6.5, 1] as const; // by zoom, beside the image
const TEXT = 12; // px at size 1

export const WIDE = 900; // px of a map that has room for words
export const FIRST_WORDS = 6.4; // zoom

/** The size of a number beside its image. */
export const numberSize = (zoom: number): number => stepped(SIZES, zoom);

/** The same in a style, so many times as large. */
export const numberSizes = (times = 1): ExpressionSpecification => interpolated(SIZES, times);

/** The layout of numbers, but for the number itself. */
export const numberLayout = (theme: Theme): SymbolLayerSpecification["layout"] => ({
  "icon-image": `note:${theme}`,
  "icon-allow-overlap": true,
  "icon-ignore-placement": true,
  "icon-size": numberSizes(),
  "text-font": ["Bold", "system-ui"],
  "text-size": numberSizes(TEXT),
  "text-allow-overlap": true,
  "text-ignore-placement": true,
});
