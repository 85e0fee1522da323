// Making the MapLibre map, and where it looks at first.

import type { ErrorEvent, StyleSpecification } from "maplibre-gl";
import { readArchives } from "./archives";
import { CoarseNote } from "./coarse";
import { complain } from "./complain";
import type { Ground } from "./ground";
import { Map as MapLibre, NavigationControl, ScaleControl, setWorkerUrl } from "./maplibre";
import type { Camera } from "./address";
import { besideClear, cameraOn, clearOf, type Centre } from "./camera";
import type { Note } from "./notes";
import { DATED } from "./period_layers";
import { letWorkersBegin } from "./sandbox";
import { unitText, type Say } from "./texts";

/** The ground as a style, the nearest zoom that it is good for, and whether it is coarse there. */
export interface Drawn extends Pick<Ground, "nearest" | "isCoarse"> {
  style: StyleSpecification;
}

/** Make the map, at a camera or over Europe; what it is drawn on is read once *turn* settles. Throws where the browser has
 *  no WebGL 2. */
export function createMap(
  { style, nearest, isCoarse }: Drawn,
  camera: Camera | null,
  embedded: boolean,
  language: string,
  say: Say,
  turn: Promise<void>,
): MapLibre {
  setWorkerUrl(new URL(document.documentElement.dataset["worker"] ?? "", location.href).href);
  if (self.origin === "null") letWorkersBegin(); // sandboxed
  readArchives(turn);
  const map = new MapLibre({
    container: "map",
    style,
    attributionControl: false, // our own, which sets text and not HTML
    ...(camera
      ? { center: [camera.lon, camera.lat] as [number, number], zoom: camera.zoom }
      : { center: [20, 48] as [number, number], zoom: 3 }),
    minZoom: 2,
    maxZoom: nearest,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    rollEnabled: false,
    refreshExpiredTiles: false, // a tile that turned stale would be replaced alone: a mixed map
    fadeDuration: 0, // labels of two days must not fade into each other
    cooperativeGestures: embedded,
    locale: {
      "NavigationControl.ZoomIn": say("zoomIn"),
      "NavigationControl.ZoomOut": say("zoomOut"),
      "Map.Title": say("mapKeys"),
      "Popup.Close": say("close"),
      "ScaleControl.Kilometers": unitText("kilometer", language),
      "ScaleControl.Meters": unitText("meter", language),
      "CooperativeGesturesHandler.WindowsHelpText": say("gestureControl"),
      "CooperativeGesturesHandler.MacHelpText": say("gestureCommand"),
      "CooperativeGesturesHandler.MobileHelpText": say("gestureTouch"),
    },
  });
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new ScaleControl({ maxWidth: 90 }), "bottom-right");
  map.addControl(new CoarseNote(say("coarse"), isCoarse), "bottom-right");
  map.on("error", (event: ErrorEvent & { sourceId?: string }) => {
    if (!event.sourceId?.startsWith(DATED)) complain(event.error.message); // dated sources answer for themselves
  });
  return map;
}

/** Where the map looks; longitudes within -180 to 180. */
export function cameraOfMap(map: MapLibre): Camera {
  const { lng, lat } = map.getCenter().wrap();
  return { zoom: map.getZoom(), lat, lon: lng };
}

/** Look at a theatre's own centre from the middle of what is clear. */
export function openCamera(map: MapLibre, centre: Centre): void {
  const { lon, lat, zoom } = cameraOn(centre, clearOf());
  map.jumpTo({ center: [lon, lat], zoom });
}

/** Look at a camera at once. */
export const jumpTo = (map: MapLibre, { lon, lat, zoom }: Camera): void =>
  void map.jumpTo({ center: [lon, lat], zoom });

/** Fly to the place of a note, near enough to make it out, in the middle of what is clear. */
export function flyToNote(map: MapLibre, { lon, lat }: Note): void {
  const [right, down] = besideClear(clearOf());
  map.flyTo({ center: [lon, lat], zoom: Math.max(map.getZoom(), 8), offset: [-right, -down] });
}

/** Give the layers of a style that is in the map already the paint of another one with the same layers. */
export function repaint(map: MapLibre, style: StyleSpecification): void {
  for (const layer of style.layers) {
    for (const [property, value] of Object.entries(layer.paint ?? {}) as [string, string][])
      map.setPaintProperty(layer.id, property as "line-color", value);
  }
}
