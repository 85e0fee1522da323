// Borders and names of oblasts, and of their like in the neighbouring countries (Natural Earth, admin 1).

import { readFileSync } from "node:fs";
import { asCollection, asFeature, asPoint, boxOf, inRegions, named } from "./geometry.mjs";
import { readLines } from "./shapefile.mjs";

const NAMES = JSON.parse(readFileSync(new URL("./tables/oblasts.json", import.meta.url), "utf8"));
const COUNTRIES = new Set(["UKR", "RUS", "BLR"]); // the others' are many and small, and nobody asks for them here
/** Crimea's border by Perekop and the Syvash, and that of Sevastopol: both are Ukraine's inner ones, and the lines
 *  of the source leave them out. They are edges of its areas (Natural Earth 4.1, admin 1), good to 2 km. */
const CRIMEA = Object.values(
  JSON.parse(readFileSync(new URL("./tables/crimea_borders.json", import.meta.url), "utf8")),
);

/** Lines between oblasts; `dates` are those of the borders. */
export function oblastBorders(folder, dates) {
  const lines = readLines(new URL("ne_10m_admin_1_states_provinces_lines", folder).pathname, "utf-8")
    .filter(
      ({ properties }) => COUNTRIES.has(properties.adm0_a3) && properties.featurecla === "Admin-1 boundary",
    )
    .flatMap((one) => one.lines)
    .filter((line) => inRegions(boxOf(line)));
  return asFeature({ type: "MultiLineString", coordinates: [...lines, ...CRIMEA] }, { level: 1, ...dates });
}

/** A label point for each oblast. */
export const oblastLabels = (dates) =>
  asCollection(NAMES.map(({ at, ...names }) => asPoint(at, { ...named(names), zoom: 5, ...dates })));
