// The mark of the event that the reader points at in the list: a ring around its place, above everything else.

import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import { paletteOf, type Theme } from "./basemap";

const ID = "event-mark";

/** Put the ring around a place in degrees, or take it away. */
export function markPlace(map: MapLibre, place: { lon: number; lat: number } | null, theme: Theme): void {
  const features = place
    ? [
        {
          type: "Feature" as const,
          properties: {},
          geometry: { type: "Point" as const, coordinates: [place.lon, place.lat] },
        },
      ]
    : [];
  const data = { type: "FeatureCollection" as const, features };
  const source = map.getSource<GeoJSONSource>(ID);
  if (source) void source.setData(data);
  else if (place) map.addSource(ID, { type: "geojson", data });
  if (!place) return;
  const { label, labelHalo } = paletteOf(theme);
  if (map.getLayer(ID)) map.removeLayer(ID); // it may be of another theme, and is to be on top
  map.addLayer({
    id: ID,
    type: "circle",
    source: ID,
    paint: {
      "circle-radius": 13,
      "circle-color": labelHalo,
      "circle-opacity": 0.25,
      "circle-stroke-color": label,
      "circle-stroke-width": 2.5,
    },
  });
}
