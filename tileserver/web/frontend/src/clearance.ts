// Room for marks: names of the base map, but for those of cities, keep off the events and notes that are seen. MapLibre
// places all marks of a period, seen or not, so these must push nothing away; an unseen copy of what is seen does, once
// the map is at rest. A front without its cities tells nobody where it is: they stay, and the copy lies under them. Only
// the numbers of notes, which are few and keep off the cities themselves, have their names stand on another side.

import type {
  GeoJSONSource,
  Map as MapLibre,
  MapGeoJSONFeature,
  SymbolLayerSpecification,
} from "maplibre-gl";
import { PLACE_IMAGES } from "./basemap";

const NAME = "clearance"; // of the source and of the style layer
const REST_MS = 400; // while days are played or the map is moved nothing is measured
const MARK = 1,
  NOTE = 1.6; // sizes beside the image, which is 12 pixels wide

/** What holds the room of marks, and of numbers. */
const room = (id: string, size: number): SymbolLayerSpecification => ({
  id,
  type: "symbol",
  source: NAME,
  filter: ["==", ["get", "size"], size],
  layout: {
    "icon-image": PLACE_IMAGES[0],
    "icon-size": size,
    "icon-padding": 2,
    "icon-allow-overlap": true,
  },
  paint: { "icon-opacity": 0 },
});

/** Whether a mark is seen: by its state, or with all others of its source. */
function isSeen(map: MapLibre, { layer, source, sourceLayer, id }: MapGeoJSONFeature): boolean {
  const opacity = map.getPaintProperty(layer.id, "icon-opacity");
  if (typeof opacity === "number") return opacity > 0;
  if (id === undefined || sourceLayer === undefined) return false;
  const state = map.getFeatureState({ source, sourceLayer, id }) as { on?: boolean };
  return state.on === true;
}

/** A place of a mark. */
export type Place = [lon: number, lat: number];

/** What names keep off: marks of events, which are in style layers of these ids, and numbers of notes. */
export interface Marks {
  events: () => string[];
  /** The map is at rest, with events and cities at these places: the places of numbers. */
  notes: (marks: Place[]) => Place[];
}

/** The places of what is seen of these style layers. */
function seenIn(map: MapLibre, layers: string[], seen: (feature: MapGeoJSONFeature) => boolean): Place[] {
  const there = layers.filter((id) => map.getLayer(id)?.type === "symbol");
  if (there.length === 0) return [];
  const places = new Map<string, Place>();
  for (const feature of map.queryRenderedFeatures({ layers: there })) {
    if (feature.geometry.type !== "Point" || !seen(feature)) continue;
    const [lon = 0, lat = 0] = feature.geometry.coordinates;
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

const isOfCities = (id: string): boolean => /^[a-z]+-cities$|-label-place-(city|(state)?capital)$/.test(id);

/** The lowest style layer of cities' names; those of an archive are under the build's. */
export const firstCity = (layers: string[]): string | undefined => layers.find(isOfCities);

/** Keep names, but for those of cities, off the marks from now on, and all names off the numbers, which keep off the
 *  marks and the places of cities themselves. */
export function keepClear(map: MapLibre, marks: Marks): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let kept = "";
  // All that were seen since the map was moved: one that gives way to a number must not call it back.
  const cities = new Map<string, Place>();
  map.on("movestart", () => cities.clear());
  const follow = (): void => {
    const layers = map.getLayersOrder();
    const events = seenIn(map, marks.events(), (feature) => isSeen(map, feature));
    for (const place of seenIn(map, layers.filter(isOfCities), () => true)) cities.set(String(place), place);
    const numbers = marks.notes([...events, ...cities.values()]);
    const rooms = [
      ...events.map((place): Room => [...place, MARK]),
      ...numbers.map((place): Room => [...place, NOTE]),
    ];
    const wanted = JSON.stringify(rooms);
    const source = map.getSource<GeoJSONSource>(NAME); // gone with a style that was lost
    if (wanted === kept && (source || rooms.length === 0)) {
      document.documentElement.dataset["clear"] = "done"; // and every name and number stands where it stays
      return;
    }
    kept = wanted;
    if (source) void source.setData(asData(rooms));
    else
      map
        .addSource(NAME, { type: "geojson", data: asData(rooms) })
        .addLayer(room(NAME, MARK), firstCity(layers))
        .addLayer(room(`${NAME}-notes`, NOTE));
  };
  map.on("idle", () => {
    clearTimeout(timer);
    document.documentElement.dataset["clear"] = "waiting";
    timer = setTimeout(() => map.isStyleLoaded() && follow(), REST_MS);
  });
}
