// What lies nearest to a point, among many points of longitude and latitude.

import { kmBetween } from "./geometry.mjs";

const cellOf = ([lon, lat]) => `${Math.round(lon * 10)} ${Math.round(lat * 10)}`;

/** Points by cells of a tenth of a degree. */
export class Nearby {
  /** @readonly */
  #cells = new Map();

  add(point, what) {
    const key = cellOf(point);
    if (!this.#cells.has(key)) this.#cells.set(key, []);
    this.#cells.get(key).push({ point, what });
  }

  /** What lies nearest to a point, and how far (km); null where nothing is within some 10 km. */
  nearest([lon, lat]) {
    let best = null;
    for (const dx of [-0.1, 0, 0.1]) {
      for (const dy of [-0.1, 0, 0.1]) {
        for (const { point, what } of this.#cells.get(cellOf([lon + dx, lat + dy])) ?? []) {
          const km = kmBetween(point, [lon, lat]);
          if (!best || km < best.km) best = { km, what };
        }
      }
    }
    return best;
  }
}
