// Lengths on the earth, and the way between two places.

import { numberFormat } from "./formats";

/** Longitude and latitude in degrees (WGS 84). */
export type LonLat = [number, number];

const A = 6378137; // metres, WGS 84
const F = 1 / 298.257223563;
const MEAN_M = 6371008.8;
const STEP_M = 100_000; // of a way that is drawn

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** The angle between two places on a sphere, in radians. */
function angleOf([lon, lat]: LonLat, [lon2, lat2]: LonLat): number {
  const p = radians(lat),
    q = radians(lat2);
  const h = Math.sin((q - p) / 2) ** 2 + Math.cos(p) * Math.cos(q) * Math.sin(radians(lon2 - lon) / 2) ** 2;
  return 2 * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** Metres on the ellipsoid along the shortest way (Lambert's formula; off by some 10 m at thousands of km). */
export function metresBetween(one: LonLat, other: LonLat): number {
  const reduced = ([lon, lat]: LonLat): LonLat => [
    lon,
    (Math.atan((1 - F) * Math.tan(radians(lat))) * 180) / Math.PI,
  ];
  const [a, b] = [reduced(one), reduced(other)];
  const angle = angleOf(a, b);
  if (angle < 1e-12 || angle > 3.1) return A * angle;
  const p = radians(a[1] + b[1]) / 2,
    q = radians(b[1] - a[1]) / 2,
    x = (angle - Math.sin(angle)) * ((Math.sin(p) * Math.cos(q)) / Math.cos(angle / 2)) ** 2,
    y = (angle + Math.sin(angle)) * ((Math.cos(p) * Math.sin(q)) / Math.sin(angle / 2)) ** 2;
  return A * (angle - (F / 2) * (x + y));
}

type Vector = [number, number, number];
const vectorOf = ([lon, lat]: LonLat): Vector => {
  const [l, p] = [radians(lon), radians(lat)];
  return [Math.cos(p) * Math.cos(l), Math.cos(p) * Math.sin(l), Math.sin(p)];
};

/** The shortest way between two places, as points to draw; longitudes go on beyond 180 degrees. */
export function wayBetween(one: LonLat, other: LonLat): LonLat[] {
  const angle = angleOf(one, other);
  const steps = Math.min(200, Math.ceil((angle * MEAN_M) / STEP_M));
  if (steps < 2) return [one, other];
  const [a, b] = [vectorOf(one), vectorOf(other)];
  const way: LonLat[] = [one];
  for (let i = 1; i <= steps; i++) {
    const [s, t] = [Math.sin((1 - i / steps) * angle), Math.sin((i / steps) * angle)];
    const [x, y, z] = a.map((value, k) => s * value + t * b[k]!) as Vector;
    const lon = (Math.atan2(y, x) * 180) / Math.PI;
    const last = way[way.length - 1]![0];
    way.push([lon + 360 * Math.round((last - lon) / 360), (Math.atan2(z, Math.hypot(x, y)) * 180) / Math.PI]);
  }
  return way;
}

/** A length in the reader's language: metres below a kilometre, then kilometres to three figures. */
export function lengthText(metres: number, language: string): string {
  const isShort = metres < 999.5;
  const km = metres / 1000;
  return numberFormat(language, {
    style: "unit",
    unit: isShort ? "meter" : "kilometer",
    maximumFractionDigits: isShort || km >= 100 ? 0 : km >= 10 ? 1 : 2,
  }).format(isShort ? metres : km);
}
