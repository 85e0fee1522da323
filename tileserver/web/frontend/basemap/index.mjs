// The places that a reader may look for, as lines of text in `places.txt`, packed beside it:
//
//   longitude|latitude|zoom|name|Ukrainian|Russian|English|German|French
//
// Degrees in steps of 1/500, longitudes as the difference from the line before. A name stands where it differs from
// the local one, English where it is not its romanisation, German and French of towns alone.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { pack } from "../pack.mjs";
import { romanised } from "./romanise.mjs";

const STEPS = 500; // of a degree: some 200 metres, and a place is found by its name
const LEAST_ELSEWHERE = 30_000; // people; of places with Cyrillic names all are there
const LAST_TOWN = 7; // zoom

const isCyrillic = (name) => /\p{Script=Cyrillic}/u.test(name);

function lineOf({ name, name_uk, name_ru, name_en, name_de, name_fr, zoom }) {
  const english = name_en === romanised(name) ? "" : name_en;
  const others = zoom <= LAST_TOWN ? [name_de, name_fr] : [];
  return [zoom, name, name_uk, name_ru, english, ...others].map((text) => text ?? "").join("|");
}

/** Write the index of place labels, a GeoJSON collection as in build.mjs, into a folder. */
export function writeIndex(folder, { features }) {
  let before = 0;
  const lines = features
    .filter(({ properties: { name, people } }) => people >= LEAST_ELSEWHERE || isCyrillic(name))
    .map(({ geometry, properties }) => ({
      at: geometry.coordinates.map((d) => Math.round(d * STEPS)),
      properties,
    }))
    .sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1])
    .map(({ at: [x, y], properties }) => {
      const line = `${x - before}|${y}|${lineOf(properties)}`.replace(/\|+$/, "");
      before = x;
      return line;
    });
  writeFileSync(new URL("places.txt", folder), lines.join("\n"));
  return pack(fileURLToPath(folder), ["places.txt"])[0][1];
}
