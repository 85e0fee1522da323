// Room for marks: names of the base map, but for those of cities, keep off the events and notes that are seen. MapLibre
// places all marks of a period, seen or not, so these must push nothing away; an unseen copy of what is seen does, once
// the map is at rest. A front without its cities tells nobody where it is: they stay, and the copy lies under them.

import type {
  GeoJSONSource,
  Map as MapLibre,
  MapGeoJSONFeature,
  SymbolLayerSpecification,
} from "maplibre-gl";
import { FIRST_CITY, PLACE_IMAGES } from "./basemap";

const NAME = "clearance"; // of the source and of the style layer
const REST_MS = 400; // while days are played or the map is moved nothing is measured
const MARK = 1,
  NOTE = 1.6; // sizes beside the image, which is 12 pixels wide

const LAYER: SymbolLayerSpecification = {
  id: NAME,
  type: "symbol",
  source: NAME,
  layout: {
    "icon-image": PLACE_IMAGES[0],
    "icon-size": ["get", "size"],
    "icon-padding": 2,
    "icon-allow-overlap": true,
  },
  paint: { "icon-opacity": 0 },
};

/** Whether a mark is seen: by its state, or with all others of its source. */
function isSeen(map: MapLibre, { layer, source, sourceLayer, id }: MapGeoJSONFeature): boolean {
  const opacity = map.getPaintProperty(layer.id, "icon-opacity");
  if (typeof opacity === "number") return opacity > 0;
  if (id === undefined || sourceLayer === undefined) return false;
  const state = map.getFeatureState({ source, sourceLayer, id }) as { on?: boolean };
  return state.on === true;
}

/** Ids of style layers whose marks names keep off. */
export interface Marks {
  events: string[];
  notes: string[];
}

type Room = [lon: number, lat: number, size: number];

function roomsOf(map: MapLibre, layers: string[], size: number): Room[] {
  const there = layers.filter((id) => map.getLayer(id)?.type === "symbol");
  if (there.length === 0) return [];
  const rooms = new Map<string, Room>();
  for (const feature of map.queryRenderedFeatures({ layers: there })) {
    if (feature.geometry.type !== "Point" || !isSeen(map, feature)) continue;
    const [lon = 0, lat = 0] = feature.geometry.coordinates;
    rooms.set(`${lon.toFixed(4)} ${lat.toFixed(4)}`, [lon, lat, size]);
  }
  return [...rooms.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

const asData = (rooms: Room[]): GeoJSON.FeatureCollection => ({
  type: "FeatureCollection",
  features: rooms.map(([lon, lat, size]) => ({
    type: "Feature",
    properties: { size },
    geometry: { type: "Point", coordinates: [lon, lat] },
  })),
});

/** The lowest style layer of cities' names; those of an archive are under the build's. */
export const firstCity = (layers: string[]): string | undefined =>
  layers.find((id) => id === FIRST_CITY || /-label-place-(city|(state)?capital)$/.test(id));

/** Keep names, but for those of cities, off the marks of these style layers from now on. */
export function keepClear(map: MapLibre, marks: () => Marks): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let kept = "";
  const follow = (): void => {
    const { events, notes } = marks();
    const rooms = [...roomsOf(map, events, MARK), ...roomsOf(map, notes, NOTE)];
    const wanted = JSON.stringify(rooms);
    const source = map.getSource<GeoJSONSource>(NAME); // gone with a style that was lost
    if (wanted === kept && (source || rooms.length === 0)) return;
    kept = wanted;
    if (source) void source.setData(asData(rooms));
    else
      map
        .addSource(NAME, { type: "geojson", data: asData(rooms) })
        .addLayer(LAYER, firstCity(map.getLayersOrder()));
  };
  map.on("idle", () => {
    clearTimeout(timer);
    timer = setTimeout(() => map.isStyleLoaded() && follow(), REST_MS);
  });
}
