// The numbers of notes beside their places, each with a line to it, where they would cover each other, events or cities.
// Counted out once the map is at rest (see clearance.ts), and before that wherever two would cover each other. Whatever a
// note's own mark is (see style_layers.ts), it is off while its number stands beside, or waits to be set there.

import type {
  ExpressionSpecification,
  GeoJSONSource,
  LayerSpecification,
  Map as MapLibre,
} from "maplibre-gl";
import { FIRST_LABEL, paletteOf, type Theme } from "./basemap";
import { besides, cover, type Sizes, type Spot } from "./beside";
import type { Place } from "./clearance";
import { markSize } from "./event_layers";
import type { Note } from "./notes";
import { FIRST_WORDS, WIDE, numberLayout, numberSize } from "./number_style";

/** The source of numbers beside their places, and the style layer of these. */
export const SOURCE = "note-numbers";
const [HALF_NUMBER, HALF_MARK] = [10, 8]; // px of their images
const ON: ExpressionSpecification = ["case", ["boolean", ["feature-state", "on"], false], 1, 0];

/** The notes of a day, the source and layer that they are drawn from, and whether events beside them are few. */
export interface DayOfNotes {
  source: string;
  layer: string;
  fewEvents: boolean;
  notes: readonly Note[];
}

/** The shown notes: of which source and layer, under which numbers. */
export interface Numbered extends Omit<DayOfNotes, "notes"> {
  theme: Theme;
  notes: ReadonlyMap<Note, number>;
}

/** Numbers beside their places. */
export class NoteNumbers {
  private kept = ""; // what the source has
  private day: DayOfNotes = { source: "", layer: "", fewEvents: false, notes: [] };
  private waiting: ReadonlySet<number> = new Set(); // ids of notes, until they are placed
  private beside: ReadonlySet<number> = new Set();
  private middles: Place[] = [];

  constructor(private readonly map: MapLibre) {}

  /** The style layers whose features are notes, by their ids. */
  get layerIds(): string[] {
    return this.map.getLayer(SOURCE) ? [SOURCE] : [];
  }

  /** Whether numbers cover each other since the map was moved nearer or farther. */
  get areCrowded(): boolean {
    const spots = this.middles.map(([lon, lat]) => spotOf(this.map, lon, lat));
    return cover(spots, sizesOf(this.map, this.day));
  }

  /** A day is on the map: the numbers of other notes go, those that go on stay as they stand. Returns whether some would
   *  cover each other, and are unseen until they are placed. */
  onDay(day: DayOfNotes): boolean {
    if (nameOf(day) === nameOf(this.day)) return false;
    const places = day.notes.map(({ lon, lat }) => spotOf(this.map, lon, lat));
    const apart = besides(places, { events: [], cities: [] }, sizesOf(this.map, day));
    const moved = day.notes.filter((_, i) => !isSame(apart[i]!, places[i]!));
    this.day = day;
    this.waiting = new Set(moved.map(({ id }) => id));
    this.turnAll();
    return moved.length > 0;
  }

  /** Where the numbers of what is shown stand now, with events and cities at these places. */
  place(numbered: Numbered | null, events: readonly Place[], cities: readonly Place[]): Place[] {
    const { map } = this;
    const { source = "", layer = "", theme = "light", notes = new Map<Note, number>() } = numbered ?? {};
    const fewEvents = numbered?.fewEvents ?? false;
    const [own, numbers] = [[...notes.keys()], [...notes.values()]];
    const spots = (places: readonly Place[]): Spot[] => places.map(([lon, lat]) => spotOf(map, lon, lat));
    const places = spots(own.map(({ lon, lat }): Place => [lon, lat]));
    const found = besides(
      places,
      { events: spots(events), cities: spots(cities) },
      sizesOf(map, { fewEvents }),
    );
    this.middles = found.map((at): Place => {
      const { lng, lat } = map.unproject([at[0], at[1]]);
      return [lng, lat];
    });
    const features = own.flatMap((note, i) =>
      isSame(found[i]!, places[i]!) ? [] : featuresOf(note, numbers[i]!, this.middles[i]!),
    );
    this.day = { source, layer, fewEvents, notes: own };
    this.waiting = new Set();
    const wanted = JSON.stringify([theme, features]);
    const isThere = wanted === this.kept && (map.getSource(SOURCE) || features.length === 0);
    this.kept = wanted;
    if (isThere) this.turnAll();
    else this.draw(features, theme);
    return this.middles;
  }

  private draw(features: GeoJSON.Feature[], theme: Theme): void {
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
      if (wanted !== this.kept) return;
      this.beside = new Set(features.map(({ id }) => Number(id)));
      this.turnAll();
    });
  }

  /** Show each number once: beside its place, on it, or not yet, where it is waiting. */
  private turnAll(): void {
    const ids = this.day.notes.map(({ id }) => id);
    for (const id of this.beside) this.turn(id, ids.includes(id));
    for (const id of ids) this.own(id, !this.beside.has(id) && !this.waiting.has(id));
  }

  private turn(id: number, on: boolean): void {
    if (this.map.getSource(SOURCE)) this.map.setFeatureState({ source: SOURCE, id }, { on });
  }

  private own(id: number, on: boolean): void {
    const { source, layer } = this.day;
    if (layer && this.map.getSource(source))
      this.map.setFeatureState({ source, sourceLayer: layer, id }, { beside: !on });
  }
}

const nameOf = ({ source, notes }: DayOfNotes): string => `${source} ${notes.map(({ id }) => id).join(" ")}`;

const isSame = ([x, y]: Spot, [left, top]: Spot): boolean => x === left && y === top;

const spotOf = (map: MapLibre, lon: number, lat: number): Spot => {
  const { x, y } = map.project([lon, lat]);
  return [x, y];
};

function sizesOf(map: MapLibre, day: Pick<DayOfNotes, "fewEvents">): Sizes {
  const [canvas, ratio] = [map.getCanvas(), map.getPixelRatio()];
  // The page, if asked, would be laid out at steps of the slider.
  const [width, height] = [canvas.width / ratio, canvas.height / ratio];
  const zoom = map.getZoom();
  const rightward = width < WIDE || zoom < FIRST_WORDS; // else a note's words are there
  return {
    number: HALF_NUMBER * numberSize(zoom),
    mark: HALF_MARK * markSize(zoom, day),
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
