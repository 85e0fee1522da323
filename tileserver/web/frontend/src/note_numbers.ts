// The numbers of notes beside their places, each with a line to it, where they would cover each other or events. Counted
// out once the map is at rest; a number that moves then stays beside its place while the same note is shown, so that a step
// of the slider moves none. Whatever a note's own mark is (see style_layers.ts), it is off while its number stands beside.

import type {
  ExpressionSpecification,
  GeoJSONSource,
  LayerSpecification,
  Map as MapLibre,
} from "maplibre-gl";
import { FIRST_LABEL, paletteOf, type Theme } from "./basemap";
import { besides, type Sizes, type Spot } from "./beside";
import type { Place } from "./clearance";
import { markSize } from "./event_layers";
import type { Note } from "./notes";
import { FIRST_WORDS, WIDE, numberLayout, numberSize } from "./number_style";

const SOURCE = "note-numbers";
const [HALF_NUMBER, HALF_MARK] = [10, 8]; // px of their images
const ON: ExpressionSpecification = ["case", ["boolean", ["feature-state", "on"], false], 1, 0];

/** The shown notes: of which source and layer, under which numbers. */
export interface Numbered {
  source: string;
  layer: string;
  theme: Theme;
  notes: ReadonlyMap<Note, number>;
}

/** Numbers beside their places. */
export class NoteNumbers {
  private kept = ""; // what the source has
  private shown = ""; // the source, and the notes of the day
  private layer = "";
  private readonly stood = new Map<string, Spot>(); // beside their places, px, by number and zoom
  private beside: ReadonlySet<number> = new Set(); // ids of notes

  constructor(private readonly map: MapLibre) {}

  /** The style layers whose features are notes, by their ids. */
  get layerIds(): string[] {
    return this.map.getLayer(SOURCE) ? [SOURCE] : [];
  }

  /** A day is on the map, of this source: the numbers of other notes go, those that go on stay as they stand. */
  onDay(source: string, notes: readonly Note[]): void {
    const ids = notes.map(({ id }) => id);
    const now = `${source} ${ids.join(" ")}`;
    if (now === this.shown) return;
    this.shown = now;
    for (const id of this.beside) this.turn(id, ids.includes(id));
    for (const id of ids) this.own(id, source, !this.beside.has(id));
  }

  /** The map is at rest, with marks at these places: where the numbers of what is shown stand now. */
  place(numbered: Numbered | null, marks: readonly Place[]): Place[] {
    const { map } = this;
    const { source = "", layer = "", theme = "light", notes = new Map<Note, number>() } = numbered ?? {};
    const [own, numbers] = [[...notes.keys()], [...notes.values()]];
    const places = own.map(({ lon, lat }) => spotOf(map, lon, lat));
    const name = (number: number): string => `${number} ${Math.round(map.getZoom())}`;
    const found = besides(
      places,
      marks.map(([lon, lat]) => spotOf(map, lon, lat)),
      sizesOf(map),
      numbers.map((number) => this.stood.get(name(number))),
    );
    const middles = found.map((at): Place => {
      const { lng, lat } = map.unproject([at[0], at[1]]);
      return [lng, lat];
    });
    const features = own.flatMap((note, i) => {
      const [[left, top], [x, y]] = [places[i]!, found[i]!];
      this.stood.set(name(numbers[i]!), [x - left, y - top]);
      return x === left && y === top ? [] : featuresOf(note, numbers[i]!, middles[i]!);
    });
    const wanted = JSON.stringify([theme, features]);
    if (wanted === this.kept && (map.getSource(SOURCE) || features.length === 0)) return middles;
    this.kept = wanted;
    this.layer = layer;
    this.draw(features, theme, () => {
      const moved = new Set(features.map(({ id }) => Number(id)));
      this.beside = moved;
      this.shown = "";
      this.onDay(source, own);
    });
    return middles;
  }

  private draw(features: GeoJSON.Feature[], theme: Theme, done: () => void): void {
    const { map } = this;
    const data: GeoJSON.FeatureCollection = { type: "FeatureCollection", features };
    const source = map.getSource<GeoJSONSource>(SOURCE);
    for (const { id } of layersOf(theme)) if (map.getLayer(id)) map.removeLayer(id);
    if (source) void source.setData(data);
    else map.addSource(SOURCE, { type: "geojson", data });
    for (const one of layersOf(theme)) map.addLayer(one, one.type === "line" ? FIRST_LABEL : undefined);
    const wanted = this.kept;
    const whole = map.on("render", () => {
      if (wanted === this.kept && !map.isSourceLoaded(SOURCE)) return;
      whole.unsubscribe();
      if (wanted === this.kept) done();
    });
  }

  private turn(id: number, on: boolean): void {
    if (this.map.getSource(SOURCE)) this.map.setFeatureState({ source: SOURCE, id }, { on });
  }

  private own(id: number, source: string, on: boolean): void {
    if (this.layer && this.map.getSource(source))
      this.map.setFeatureState({ source, sourceLayer: this.layer, id }, { beside: !on });
  }
}

const spotOf = (map: MapLibre, lon: number, lat: number): Spot => {
  const { x, y } = map.project([lon, lat]);
  return [x, y];
};

function sizesOf(map: MapLibre): Sizes {
  const { clientWidth: width, clientHeight: height } = map.getContainer();
  const zoom = map.getZoom();
  const rightward = width < WIDE || zoom < FIRST_WORDS; // else a note's words are there
  return {
    number: HALF_NUMBER * numberSize(zoom),
    mark: HALF_MARK * markSize(zoom),
    width,
    height,
    rightward,
  };
}

/** A number beside its place, and the line between. */
function featuresOf({ id, lon, lat }: Note, number: number, middle: Place): GeoJSON.Feature[] {
  const feature = (geometry: GeoJSON.Geometry): GeoJSON.Feature => ({
    type: "Feature",
    id,
    properties: { number: String(number) },
    geometry,
  });
  return [
    feature({ type: "LineString", coordinates: [[lon, lat], middle] }),
    feature({ type: "Point", coordinates: middle }),
  ];
}

function layersOf(theme: Theme): LayerSpecification[] {
  const { casing, note, noteText } = paletteOf(theme);
  const line = (id: string, colour: string, width: number): LayerSpecification => ({
    id: `${SOURCE}-${id}`,
    type: "line",
    source: SOURCE,
    filter: ["==", ["geometry-type"], "LineString"],
    layout: { "line-cap": "round" },
    paint: { "line-color": colour, "line-width": width, "line-opacity": ON },
  });
  return [
    line("casing", casing, 3.5),
    line("line", note, 1.25),
    {
      id: SOURCE,
      type: "symbol",
      source: SOURCE,
      filter: ["==", ["geometry-type"], "Point"],
      layout: { ...numberLayout(theme), "text-field": ["get", "number"] },
      paint: { "icon-opacity": ON, "text-opacity": ON, "text-color": noteText },
    },
  ];
}
