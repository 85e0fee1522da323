// The names of the base map in the reader's language. Later layers are placed first: towns push rivers' names off.

import type { ExpressionSpecification, FilterSpecification, LayerSpecification } from "maplibre-gl";
import type { Palette } from "./basemap";
import { both, partOf, partsOf } from "./ground_dates";
import { AFTER_LATIN } from "./letters";

/** Lines and points are drawn under this layer. */
export const FIRST_LABEL = "region-river-names";
/** Names of cities start at this layer; nothing but larger names and the words of notes pushes them off. */
export const FIRST_CITY = "world-cities";
/** Names of great cities start at this layer; nothing but larger names pushes them off. */
export const FIRST_GREAT_CITY = "world-great-cities";
const LAST_GREAT_CITY = 5; // zoom from which a place is shown: from 400 000 people on, 200 000 where there is fighting
const LAST_CITY = 7; // from 40 000
const LAST_TOWN = 9; // from 1 500
/** Pictures that the style names; the map asks for them (see `images.ts`). */
export const PLACE_IMAGES = ["place-dot", "place-capital"] as const;

/** A name in the reader's language; else, for readers of Cyrillic, the local one; for English ones the English. Others have
 *  the local name where it is in letters that they read, as Köln and Antwerpen, and only then the English one. */
function nameIn(language: string): ExpressionSpecification {
  const own: ExpressionSpecification = ["get", `name_${language}`];
  const local: ExpressionSpecification = ["get", "name"];
  if (language === "uk" || language === "ru") return ["coalesce", own, local];
  const english: ExpressionSpecification = ["coalesce", ["get", "name_en"], local];
  if (language === "en") return english;
  const isLatin: ExpressionSpecification = ["<", ["to-string", local], AFTER_LATIN];
  return ["coalesce", own, ["case", isLatin, local, english]];
}

const due: ExpressionSpecification = ["<=", ["get", "zoom"], ["zoom"]];

const halo = (colours: Palette, colour: string): object => ({
  "text-color": colour,
  "text-halo-color": colours.labelHalo,
  "text-halo-width": 1.4,
  "text-halo-blur": 0.3,
});

function riverNames(colours: Palette, language: string): LayerSpecification {
  return {
    id: FIRST_LABEL,
    type: "symbol",
    source: "regions",
    "source-layer": "river",
    minzoom: 5.5,
    filter: ["all", ["has", "name"], ["<=", ["+", ["get", "zoom"], 0.7], ["zoom"]]],
    layout: {
      "symbol-placement": "line",
      "symbol-spacing": 380,
      "text-field": nameIn(language),
      "text-font": ["Italic", "system-ui"],
      "text-size": ["interpolate", ["linear"], ["zoom"], 6, 10, 10, 12.5],
      "text-letter-spacing": 0.05,
      "text-max-angle": 55,
      "text-padding": 8,
      "symbol-sort-key": ["-", 0, ["get", "width"]],
    },
    paint: { ...halo(colours, colours.waterLabel), "text-halo-width": 1.7 },
  };
}

function seaNames(colours: Palette, language: string): LayerSpecification[] {
  return partsOf("kakhovka").map(({ id, filter, opacity }): LayerSpecification => ({
    id: `region-sea-names${id}`,
    type: "symbol",
    source: "regions",
    "source-layer": "sea",
    filter: both(filter, due),
    layout: {
      "text-field": nameIn(language),
      "text-font": ["Italic", "system-ui"],
      "text-max-width": 7,
      "text-letter-spacing": 0.12,
      "text-size": [
        "interpolate",
        ["linear"],
        ["zoom"],
        4,
        ["+", 7.5, ["get", "size"]],
        9,
        ["+", 10, ["*", 1.5, ["get", "size"]]],
      ],
    },
    paint: { "text-color": colours.waterLabel, "text-opacity": opacity },
  }));
}

function oblastNames(colours: Palette, language: string): LayerSpecification {
  const { filter, opacity } = partOf("borders");
  return {
    id: "region-oblast-names",
    type: "symbol",
    source: "regions",
    "source-layer": "oblast",
    minzoom: 5,
    maxzoom: 8.2,
    filter,
    layout: {
      "text-field": nameIn(language),
      "text-font": ["system-ui"],
      "text-max-width": 8,
      "text-letter-spacing": 0.16,
      "text-transform": "uppercase",
      "text-padding": 6,
      "text-size": ["interpolate", ["linear"], ["zoom"], 5, 9, 8, 11.5],
    },
    // The halo fills what is between letters that stand on hatched land.
    paint: { ...halo(colours, colours.oblastLabel), "text-halo-width": 2.4, "text-opacity": opacity },
  };
}

function countryNames(colours: Palette, language: string): LayerSpecification {
  const { filter, opacity } = partOf("borders");
  return {
    id: "countries",
    type: "symbol",
    source: "world",
    "source-layer": "country",
    minzoom: 2,
    maxzoom: 6.2,
    filter: both(filter, due),
    layout: {
      "text-field": nameIn(language),
      "text-font": ["Medium", "system-ui"],
      "text-max-width": 7,
      "text-letter-spacing": 0.14,
      "text-transform": "uppercase",
      "symbol-sort-key": ["-", 0, ["get", "size"]],
      "text-size": ["interpolate", ["linear"], ["zoom"], 2, 9, 6, 13],
    },
    paint: { ...halo(colours, colours.labelFaint), "text-opacity": opacity },
  };
}

/** Great cities, which keep off nothing; cities, which keep off the words of notes (see drawn_notes.ts); or the smaller
 *  places under them, which keep off the marks of events too (see clearance.ts). From near by a town is as a city from
 *  afar: the land that is fought over most has the most marks, and its towns are what tells where it is. */
function placeNames(
  source: string,
  kind: "great-cities" | "cities" | "places",
  colours: Palette,
  language: string,
): LayerSpecification {
  const upTo = (zoom: number): ExpressionSpecification => ["<=", ["get", "zoom"], zoom];
  const near: ExpressionSpecification = ["max", LAST_CITY, ["min", LAST_TOWN, ["zoom"]], ["-", ["zoom"], 1]];
  const city: ExpressionSpecification = ["<=", ["get", "zoom"], near];
  const great: ExpressionSpecification = [
    "<=",
    ["get", "zoom"],
    ["max", LAST_GREAT_CITY, ["-", ["zoom"], 3]],
  ];
  const ofKind = { "great-cities": [great], cities: [city, ["!", great]], places: [["!", city]] };
  return {
    id: `${source}-${kind}`,
    type: "symbol",
    source,
    "source-layer": "place",
    minzoom: 3.5,
    filter: ["all", due, ...ofKind[kind]] as FilterSpecification,
    layout: {
      "icon-image": ["case", ["has", "capital"], PLACE_IMAGES[1], PLACE_IMAGES[0]],
      "icon-padding": 0, // one does not stand without the other
      "text-field": nameIn(language),
      "text-size": [
        "interpolate",
        ["linear"],
        ["zoom"],
        4,
        ["case", upTo(4), 12, 10.5],
        9,
        ["case", upTo(5), 17, upTo(7), 13.5, upTo(8), 12, 11],
        12,
        ["case", upTo(5), 20, upTo(7), 16, upTo(8), 14, 12],
      ],
      "text-max-width": 8,
      "text-padding": kind === "places" ? 6 : 3, // Kherson lies near Mykolaiv
      "text-font": ["case", upTo(5), ["literal", ["Medium", "system-ui"]], ["literal", ["system-ui"]]],
      "symbol-sort-key": ["-", ["get", "zoom"], ["/", ["get", "people"], 1e8]],
      "text-variable-anchor": ["left", "right", "top", "bottom", "top-left", "bottom-left"],
      "text-radial-offset": 0.5,
      "text-justify": "auto",
    },
    paint: halo(colours, colours.label),
  };
}

/** All names, in drawing order. */
export const labelLayers = (colours: Palette, language: string): LayerSpecification[] => [
  riverNames(colours, language),
  ...seaNames(colours, language),
  oblastNames(colours, language),
  placeNames("world", "places", colours, language),
  placeNames("regions", "places", colours, language),
  placeNames("world", "cities", colours, language),
  placeNames("regions", "cities", colours, language),
  placeNames("world", "great-cities", colours, language),
  placeNames("regions", "great-cities", colours, language),
  countryNames(colours, language),
];
