// The notes of the day as words, arrows and sectors on the map: a box beside the number of each, where there is room, and the
// arrows and sectors that it declares. Drawn once a day has stood for a while, and gone in the moment that another comes. A box is
// a label among others: it keeps off the names of great cities, and other names give way to it. Where it has no room around its
// number, the number alone is seen.

import type { ExpressionSpecification, LayerSpecification, Map as MapLibre } from "maplibre-gl";
import type { Follower, Stand } from "./afterwards";
import { arrowsOf, curveOf, sectorsOf, zoomOf, type Arrow } from "./arrows";
import { FIRST_LABEL, paletteOf } from "./basemap";
import { firstGreatCity } from "./clearance";
import { worded, type Note } from "./notes";
import { FIRST_WORDS, WIDE } from "./number_style";
import { arrowheadImage, colourOf, BOX_IMAGE } from "./style_layers";

const SOURCE = "drawn-notes";
const WORDS = `${SOURCE}-words`;
const LONGEST = 110; // letters of a box
// Of a box: the corner that is nearest to its place, and how far from it that is, in letters.
const [BESIDE, BELOW, ABOVE] = [
  ["left", [1.9, 0]],
  ["top-left", [1.4, 1.4]],
  ["bottom-left", [1.4, -1.4]],
];
// Where there is no room there: right of a number that stands there itself, on the other side, below or above.
const [FARTHER, LEFT, UNDER] = [
  ["left", [3.4, 0]],
  ["right", [-1.9, 0], "top-right", [-1.4, 1.4], "bottom-right", [-1.4, -1.4]],
  ["top", [0, 1.9], "bottom", [0, -1.9]],
];
const ELSEWHERE = [...FARTHER, ...LEFT, ...UNDER];
const SHORTEST = 26; // px of an arrow: of a shorter one the head alone is seen, and hides where it leads

/** The beginning of a text: its first sentence, or as many words as there is room for. */
export function beginning(text: string, most = LONGEST): string {
  const sentence = /^.*?[.!?:;](?=\s|$)/u.exec(text)?.[0] ?? text;
  if (sentence.length <= most) return sentence.replace(/[:;]$/u, "…");
  return `${sentence.slice(0, most).replace(/[\s,]+\S*$/u, "")}…`;
}

/** The words and arrows that are on the map. */
export class DrawnNotes implements Follower {
  private layers: LayerSpecification[] = [];

  constructor(
    private readonly map: MapLibre,
    private readonly language: string,
    private readonly events: () => string[],
  ) {}

  leave(): void {
    for (const { id } of this.layers) this.map.removeLayer(id);
    if (this.layers.length) this.map.removeSource(SOURCE);
    this.abandon();
  }

  /** Let go of what the map has lost already. */
  abandon(): void {
    this.layers = [];
  }

  follow(stand: Stand): Promise<void> {
    const { notes: layer } = stand.tiles.layers;
    if (layer !== undefined && !stand.off.has(layer) && !stand.compared && stand.notes.length)
      this.draw(stand);
    return Promise.resolve();
  }

  private draw(stand: Stand): void {
    const features = stand.notes.flatMap((note) => [
      this.words(note, stand.off.has("arrows") ? [] : arrowsOf(note)),
      ...(stand.off.has("arrows") ? [] : [...sectorFeatures(note, stand), ...arrowFeatures(note, stand)]),
    ]);
    this.map.addSource(SOURCE, { type: "geojson", data: { type: "FeatureCollection", features } });
    this.layers = noteLayers(stand, this.map.getContainer().clientWidth >= WIDE);
    const events = new Set(this.events());
    const below = this.map.getLayersOrder().find((id) => events.has(id)) ?? FIRST_LABEL;
    const great = firstGreatCity(this.map.getLayersOrder());
    for (const layer of this.layers) this.map.addLayer(layer, layer.id === WORDS ? great : below);
  }

  private words(note: Note, arrows: readonly Arrow[]): GeoJSON.Feature {
    const { lon, lat, properties } = note;
    const [title, text] = ["direction", "text"].map((name) => worded(properties, name, this.language));
    return {
      type: "Feature",
      geometry: { type: "Point", coordinates: [lon, lat] },
      properties: { is: "words", title, text: beginning(text ?? ""), side: sideOf(note, arrows) },
    };
  }
}

/** Where the words of a note leave its arrows alone: below those that lie north of its place, else above. */
export function sideOf({ lat }: Pick<Note, "lat">, arrows: readonly Arrow[]): "below" | "above" | "beside" {
  const north = arrows.flatMap(({ places }) => places.map(([, own]) => own - lat));
  if (north.length === 0) return "beside";
  return north.reduce((sum, own) => sum + own, 0) > 0 ? "below" : "above";
}

/** The colour of a side's first status; of nobody's, that of notes. */
function colourOfSide({ side: own }: Arrow, { tiles, theme }: Stand): string {
  const status = tiles.legend.areas?.find(({ side }) => side && side === own);
  return status ? colourOf(status, theme) : paletteOf(theme).note;
}

const sectorFeatures = (note: Note, stand: Stand): GeoJSON.Feature[] =>
  sectorsOf(note).map((sector) => ({
    type: "Feature",
    geometry: { type: "Polygon", coordinates: [[...sector.places, sector.places[0]!]] },
    properties: { is: "sector", colour: colourOfSide(sector, stand) },
  }));

function arrowFeatures(note: Note, stand: Stand): GeoJSON.Feature[] {
  const { theme } = stand;
  return arrowsOf(note).flatMap((arrow): GeoJSON.Feature[] => {
    const colour = colourOfSide(arrow, stand);
    const { line, bearing } = curveOf(arrow);
    const zoom = zoomOf(line, SHORTEST);
    const properties = { colour, bearing, zoom, head: arrowheadImage(colour, theme) };
    return [
      {
        type: "Feature",
        geometry: { type: "LineString", coordinates: line },
        properties: { ...properties, is: "arrow" },
      },
      {
        type: "Feature",
        geometry: { type: "Point", coordinates: line.at(-1)! },
        properties: { ...properties, is: "head" },
      },
    ];
  });
}

function noteLayers({ theme }: Stand, wide: boolean): LayerSpecification[] {
  const { casing, note } = paletteOf(theme);
  const width = (more: number): unknown => ["interpolate", ["linear"], ["zoom"], 5, 2.2 + more, 10, 6 + more];
  const due: ExpressionSpecification = ["<=", ["coalesce", ["get", "zoom"], 0], ["zoom"]];
  const line = (id: string, paint: object, of = "arrow"): LayerSpecification => ({
    id: `${SOURCE}-${id}`,
    type: "line",
    source: SOURCE,
    filter: ["all", ["==", ["get", "is"], of], due],
    layout: { "line-join": "round", "line-cap": "butt" },
    paint,
  });
  const arrows = [
    {
      id: `${SOURCE}-sector`,
      type: "fill",
      source: SOURCE,
      filter: ["==", ["get", "is"], "sector"],
      paint: { "fill-color": ["get", "colour"], "fill-opacity": 0.12 },
    } as LayerSpecification,
    line("outline", { "line-color": ["get", "colour"], "line-width": 2, "line-dasharray": [3, 2] }, "sector"),
    line("casing", { "line-color": casing, "line-width": width(2.4) }),
    line("arrow", { "line-color": ["get", "colour"], "line-width": width(0) }),
    {
      id: `${SOURCE}-head`,
      type: "symbol",
      source: SOURCE,
      filter: ["all", ["==", ["get", "is"], "head"], due],
      layout: {
        "icon-image": ["get", "head"],
        "icon-rotate": ["get", "bearing"],
        "icon-rotation-alignment": "map",
        "icon-size": ["interpolate", ["linear"], ["zoom"], 5, 0.75, 10, 1.6],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
      },
    } as LayerSpecification,
  ];
  const words = {
    id: WORDS,
    type: "symbol",
    source: SOURCE,
    minzoom: FIRST_WORDS,
    filter: ["==", ["get", "is"], "words"],
    layout: {
      "text-field": [
        "format",
        ["get", "title"],
        { "text-font": ["literal", ["Bold", "system-ui"]] },
        "\n",
        {},
        ["get", "text"],
        {},
      ],
      "text-font": ["system-ui"],
      "text-size": 12,
      "text-max-width": 17,
      "text-justify": "left",
      "text-variable-anchor-offset": [
        "match",
        ["get", "side"],
        "below",
        ["literal", [...BELOW, ...BESIDE, ...ABOVE, ...ELSEWHERE]],
        "above",
        ["literal", [...ABOVE, ...BESIDE, ...BELOW, ...ELSEWHERE]],
        ["literal", [...BESIDE, ...BELOW, ...ABOVE, ...ELSEWHERE]],
      ],
      "icon-image": `${BOX_IMAGE}:${theme}`,
      "icon-text-fit": "both",
      "icon-text-fit-padding": [5, 8, 5, 8],
    },
    paint: { "text-color": note },
  } as unknown as LayerSpecification;
  return wide ? [...arrows, words] : arrows;
}
