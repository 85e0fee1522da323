// What a link says: which theatre, which day, which part of the map, and how it is to be shown.
//   /?theatre=ukraine&lang=uk#map=6.5/48.9/37.2&at=2023-11-09&compare=2023-10-01
//   /embed?theatre=ukraine&at=2023-11-09&theme=dark#map=6.5/48.9/37.2

import { isDay, type Day } from "./days";

export interface Camera {
  zoom: number;
  lat: number;
  lon: number;
}

export interface Link {
  theatre: string;
  at: Day | "latest" | "";
  compare: Day | ""; // the other day, where what changed between both is shown
  camera: Camera | null;
  lang: string;
  theme: "light" | "dark" | "auto";
  controls: boolean | null;
}

function cameraOf(text: string | null): Camera | null {
  const parts = (text ?? "").split("/");
  const [zoom, lat, lon] = parts.map(Number);
  if (parts.length !== 3 || zoom === undefined || lat === undefined || lon === undefined) return null;
  const within =
    parts.every(Boolean) && zoom >= 0 && zoom <= 22 && Math.abs(lat) <= 85.06 && Math.abs(lon) <= 180;
  return within ? { zoom, lat, lon } : null;
}

const onlyDay = (text: string): Day | "" => (isDay(text) ? text : "");
const dayOf = (text: string): Link["at"] => (text === "latest" || isDay(text) ? text : "");

/** Read a link; what makes no sense counts as not said. The part after `#` goes before the query. */
export function readLink(search: string, hash: string): Link {
  const query = new URLSearchParams(search);
  const fragment = new URLSearchParams(hash.replace(/^#/, ""));
  const theme = query.get("theme");
  const controls = query.get("controls");
  return {
    theatre: query.get("theatre") ?? "",
    at: dayOf(fragment.get("at") ?? query.get("at") ?? ""),
    compare: onlyDay(fragment.get("compare") ?? query.get("compare") ?? ""),
    camera: cameraOf(fragment.get("map")),
    lang: query.get("lang") ?? "",
    theme: theme === "light" || theme === "dark" ? theme : "auto",
    controls: controls === null ? null : controls === "1",
  };
}

/** The part after `#`. Zoom to 2 decimals, degrees as exactly as a pixel of that zoom. */
export function fragmentOf(camera: Camera, at: Day | "", compare: Day | "" = ""): string {
  const decimals = Math.max(2, Math.ceil((camera.zoom * Math.LN2 + Math.log(512 / 360)) / Math.LN10));
  const map = `map=${Number(camera.zoom.toFixed(2))}/${camera.lat.toFixed(decimals)}/${camera.lon.toFixed(decimals)}`;
  return `#${map}${at && `&at=${at}`}${at && compare && `&compare=${compare}`}`;
}
