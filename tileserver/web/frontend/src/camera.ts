// Where a page looks at first, and what of the world it sees then; nothing here knows of a map.

import type { Camera } from "./address";
import { byId } from "./dom";

const WORLD = 512; // px, at zoom 0
const ROOM = { width: 900, height: 560 }; // px, for which the zoom of a theatre is meant
const [LOWEST, FARTHEST] = [2.5, -1.8]; // zoom of a page at least; levels that a small page goes back at most

/** Page pixels of the map that nothing covers. */
export interface Clear {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Longitude, latitude, zoom. */
export type Centre = readonly number[];

/** The part of the map beside the card or under it, whichever is larger; page px. */
export function clearOf(): Clear {
  const { clientWidth, clientHeight } = byId("map");
  const card = byId("card").getBoundingClientRect(),
    bar = byId("timebar").getBoundingClientRect();
  const bottom = bar.height ? bar.top : clientHeight;
  const beside = (clientWidth - card.right) * bottom > clientWidth * (bottom - card.bottom);
  return { left: beside ? card.right : 0, top: beside ? 0 : card.bottom, right: clientWidth, bottom };
}

/** The zoom at which what is clear shows what a wide page shows at the zoom of a theatre. */
export const zoomIn = (zoom: number, { left, top, right, bottom }: Clear): number =>
  Math.max(
    LOWEST,
    zoom +
      Math.max(FARTHEST, Math.log2(Math.min(1, (right - left) / ROOM.width, (bottom - top) / ROOM.height))),
  );

/** By how much the middle of the map lies beside the middle of what is clear, px to the right and down. */
export function besideClear({ left, top, right, bottom }: Clear): [number, number] {
  const { clientWidth, clientHeight } = byId("map");
  return [(clientWidth - left - right) / 2, (clientHeight - top - bottom) / 2];
}

/** The camera that looks at a theatre's centre from the middle of what is clear. */
export function cameraOn([lon = 0, lat = 0, zoom = 0]: Centre, clear: Clear): Camera {
  const [right, down] = besideClear(clear);
  const near = zoomIn(zoom, clear);
  const [x, y] = placeOf(lon, lat),
    pixel = 1 / (WORLD * 2 ** near);
  return { zoom: near, ...degreesOf(x + right * pixel, y + down * pixel) };
}

/** How a picture by one camera is laid over a map by another: its middle beside the map's, px, and how much larger. */
export function overlaid(drawn: Camera, map: Camera): { right: number; down: number; times: number } {
  const [x, y] = placeOf(drawn.lon, drawn.lat),
    [middleX, middleY] = placeOf(map.lon, map.lat);
  const world = WORLD * 2 ** map.zoom;
  return {
    right: (x - middleX) * world,
    down: (y - middleY) * world,
    times: 2 ** (map.zoom - drawn.zoom),
  };
}

/** The address of a tile. */
export interface Address {
  z: number;
  x: number;
  y: number;
}

/** The tiles that a camera sees on a page of this many px, of those that there are; from west to east. */
export function tilesSeen(
  { zoom, lat, lon }: Camera,
  width: number,
  height: number,
  there: { minzoom: number; maxzoom: number; bounds: readonly [number, number, number, number] },
): Address[] {
  const z = Math.min(there.maxzoom, Math.floor(zoom)),
    across = 2 ** z,
    pixel = across / (WORLD * 2 ** zoom);
  if (z < there.minzoom) return [];
  const [x, y] = placeOf(lon, lat).map((place) => place * across) as [number, number];
  const [west, south, east, north] = there.bounds;
  const [left, top] = placeOf(west, north).map((place) => place * across) as [number, number];
  const [right, bottom] = placeOf(east, south).map((place) => place * across) as [number, number];
  const found: Address[] = [];
  const from = Math.floor(Math.max(left, x - (width / 2) * pixel)),
    to = Math.min(right, x + (width / 2) * pixel);
  for (let column = from; column < to; column++)
    for (
      let row = Math.floor(Math.max(top, y - (height / 2) * pixel));
      row < Math.min(bottom, y + (height / 2) * pixel);
      row++
    )
      found.push({ z, x: column, y: row });
  return found;
}

/** A place on the world as a square of side 1, from its north-western corner to the right and down. */
function placeOf(lon: number, lat: number): [number, number] {
  const north = Math.asinh(Math.tan((lat * Math.PI) / 180));
  return [(lon + 180) / 360, (1 - north / Math.PI) / 2];
}

function degreesOf(x: number, y: number): { lon: number; lat: number } {
  const north = (1 - 2 * y) * Math.PI;
  return { lon: x * 360 - 180, lat: (Math.atan(Math.sinh(north)) * 180) / Math.PI };
}
