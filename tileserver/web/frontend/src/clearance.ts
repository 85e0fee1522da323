// Room for marks: names of the base map, but for those of cities, keep off the events and notes that are seen. MapLibre
// places all marks of a period, seen or not, so these must push nothing away; an unseen copy of what is seen does, once
// the map is at rest. A front without its cities tells nobody where it is: they stay, and the copy lies under them. Only
// the numbers of notes, which are few and keep off the cities themselves, have their names stand on another side.
//
// What is at rest is decided by the view and the data alone, not by the way there: cities are those that are due in the
// tiles, seen or not, numbers ask nothing of where they stood, and of names MapLibre's preference for the side on which
// they stood is let go of at the end. So a page of files and a server's, and a reader who came by another way, see the same.

import type {
  ExpressionSpecification,
  FilterSpecification,
  GeoJSONFeature,
  GeoJSONSource,
  Map as MapLibre,
  MapGeoJSONFeature,
  SymbolLayerSpecification,
} from "maplibre-gl";
import { PLACE_IMAGES } from "./basemap";
import { numberSizes } from "./number_style";

const NAME = "clearance"; // of the source and of the style layer
/** The style layer that keeps names off numbers; what is to keep off them too stands below it. */
export const ROOM_OF_NUMBERS = `${NAME}-notes`;
const REST_MS = 400; // while days are played or the map is moved nothing is measured
const MARK = 1,
  NOTE = 1.6; // sizes beside the image, which is 12 pixels wide
const PADDING = 2; // pixels

/** What holds the room of marks, and of numbers. */
const room = (
  id: string,
  size: number,
  sizes: ExpressionSpecification | number,
): SymbolLayerSpecification => ({
  id,
  type: "symbol",
  source: NAME,
  filter: ["==", ["get", "size"], size],
  layout: {
    "icon-image": PLACE_IMAGES[0],
    "icon-size": sizes,
    "icon-padding": PADDING,
    "icon-allow-overlap": true,
  },
  paint: { "icon-opacity": 0 },
});

type IsSeen = (feature: MapGeoJSONFeature) => boolean;

/** Whether marks of a style layer are seen: by their state, or all of its source. */
function seenOf(map: MapLibre, layer: string): IsSeen {
  const opacity = map.getPaintProperty(layer, "icon-opacity"); // a copy is made of it at each asking
  if (typeof opacity === "number") return () => opacity > 0;
  return ({ source, sourceLayer, id }) => {
    if (id === undefined || sourceLayer === undefined) return false;
    return (map.getFeatureState({ source, sourceLayer, id }) as { on?: boolean }).on === true;
  };
}

/** A place of a mark. */
export type Place = [lon: number, lat: number];

/** What names keep off: marks of events, which are in style layers of these ids, and numbers of notes. */
export interface Marks {
  events: () => string[];
  /** Whether there is nothing to draw on. */
  isLost: () => boolean;
  /** A filter of the marks that may be seen on the shown day: MapLibre works out the whole look of all that it finds. */
  dated: () => FilterSpecification;
  /** Whether numbers have come to cover each other. */
  areCrowded: () => boolean;
  /** There are events and cities at these places: the places of numbers. */
  notes: (events: Place[], cities: Place[]) => Place[];
}

/** The places of what is seen of these style layers, of all that passes a filter. */
function seenIn(map: MapLibre, layers: string[], filter: FilterSpecification): Place[] {
  const there = layers.filter((id) => map.getLayer(id)?.type === "symbol");
  return placesOf(
    there.flatMap((id) =>
      map.queryRenderedFeatures({ layers: [id], filter, validate: false }).filter(seenOf(map, id)),
    ),
  );
}

/** The places of all cities that are due in the tiles of these style layers, whether there is room for their names or not. */
function citiesIn(map: MapLibre, layers: string[]): Place[] {
  const zoom = map.getZoom();
  return placesOf(
    layers.flatMap((id) => {
      const layer = map.getLayer(id);
      if (layer?.type !== "symbol" || layer.isHidden(zoom)) return [];
      const filter = atZoom(map.getFilter(id), zoom) as FilterSpecification;
      const { source, sourceLayer } = layer;
      return map.querySourceFeatures(source, { sourceLayer, filter, validate: false });
    }),
  );
}

/** A filter as it is at a zoom; of a source its tiles' own would be asked, which is a whole number. */
export function atZoom(part: unknown, zoom: number): unknown {
  if (!Array.isArray(part)) return part;
  return part.length === 1 && part[0] === "zoom" ? zoom : part.map((each) => atZoom(each, zoom));
}

/** The places of features, each once, from west to east. */
function placesOf(features: Pick<GeoJSONFeature, "geometry">[]): Place[] {
  const places = new Map<string, Place>();
  for (const { geometry } of features) {
    if (geometry.type !== "Point") continue;
    const [lon = 0, lat = 0] = geometry.coordinates;
    places.set(`${lon.toFixed(4)} ${lat.toFixed(4)}`, [lon, lat]);
  }
  return [...places.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

type Room = [...Place, size: number];

const asData = (rooms: Room[]): GeoJSON.FeatureCollection => ({
  type: "FeatureCollection",
  features: rooms.map(([lon, lat, size]) => ({
    type: "Feature",
    properties: { size },
    geometry: { type: "Point", coordinates: [lon, lat] },
  })),
});

const OF_ARCHIVE = "-label-place-(city|(state)?capital)";
const OF_CITIES = new RegExp(`^[a-z]+(-great)?-cities$|${OF_ARCHIVE}$`);
const OF_GREAT = new RegExp(`-great-cities$|${OF_ARCHIVE}$`);
const isOfCities = (id: string): boolean => OF_CITIES.test(id);

/** The lowest style layer of cities' names; those of an archive are under the build's. */
export const firstCity = (layers: string[]): string | undefined => layers.find(isOfCities);

/** The lowest style layer of names that even the words of notes keep off: all cities' of an archive, great ones' of the build. */
export const firstGreatCity = (layers: string[]): string | undefined =>
  layers.find((id) => OF_GREAT.test(id));

/** What keeps names clear. */
export interface Clearance {
  /** Place numbers with the next frame: they would cover each other until the map is at rest. */
  soon(): void;
}

/** Keep names, but for those of cities, off the marks from now on, and all names off the numbers, which keep off the
 *  marks and the places of cities themselves. */
export function keepClear(map: MapLibre, marks: Marks): Clearance {
  const { dataset } = document.documentElement;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let kept = "";
  let settles = false; // in a frame of our own
  /** Whether anything had to be placed anew. */
  const follow = (): boolean => {
    const layers = map.getLayersOrder();
    const events = seenIn(map, marks.events(), marks.dated());
    const numbers = marks.notes(events, citiesIn(map, layers.filter(isOfCities)));
    const rooms = [
      ...events.map((place): Room => [...place, MARK]),
      ...numbers.map((place): Room => [...place, NOTE]),
    ];
    const wanted = JSON.stringify(rooms);
    const source = map.getSource<GeoJSONSource>(NAME); // gone with a style that was lost
    if (wanted === kept && (source || rooms.length === 0)) return false;
    kept = wanted;
    if (source) void source.setData(asData(rooms));
    else
      map
        .addSource(NAME, { type: "geojson", data: asData(rooms) })
        .addLayer(room(NAME, MARK, MARK), firstCity(layers))
        .addLayer(room(ROOM_OF_NUMBERS, NOTE, numberSizes(NOTE)));
    return true;
  };
  const rest = (): void => {
    // While nothing can be drawn nothing is placed; else, with something placed anew, it comes to rest once more.
    if (marks.isLost() || !map.isStyleLoaded() || follow()) return;
    settles = true;
    // The sides on which names stood; a style that has come back has placed none.
    const { placement } = map.style as { placement?: { variableOffsets: object } };
    if (placement) placement.variableOffsets = {};
    map.redraw();
    settles = false;
    dataset["clear"] = "done"; // and every name and number stands where it stays
  };
  const soon = (): void => void map.once("render", () => !marks.isLost() && map.isStyleLoaded() && follow());
  map.on("zoomend", () => marks.areCrowded() && soon());
  map.on("idle", () => {
    if (settles) return;
    clearTimeout(timer);
    dataset["clear"] = "waiting";
    timer = setTimeout(rest, REST_MS);
  });
  return { soon };
}
