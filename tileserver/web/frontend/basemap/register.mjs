// The register of Ukraine's settlements (KATOTTG): official names by oblast.

import { readFileSync } from "node:fs";

/** The register's categories of a village, and of a settlement, which is more than a village and no town. */
export const VILLAGE = "C";
export const SETTLEMENT = "X";
const SETTLEMENTS = new Set(["M", "T", VILLAGE, SETTLEMENT, "K"]); // beside them cities, towns, cities of their own right

const ENTITIES = { amp: "&", apos: "'", quot: '"', lt: "<", gt: ">" };
const decoded = (text) => text.replaceAll(/&(\w+);/g, (_, name) => ENTITIES[name] ?? "");

/** One spelling of the apostrophe. */
export const withApostrophe = (name) => name.replaceAll(/['`ʼ‘"]/g, "’");

/** Settlements by the first four letters of their codes ("UA63" is the oblast of Kharkiv): Map of Maps from a name to
 *  its category, that of the largest where several have the name. */
export function readRegister(folder) {
  const shared = [];
  for (const [, item] of readFileSync(new URL("sharedStrings.xml", folder), "utf8").matchAll(
    /<si>(.*?)<\/si>/gs,
  ))
    shared.push(decoded([...item.matchAll(/<t[^>]*>([^<]*)<\/t>/g)].map((one) => one[1]).join("")));
  const names = new Map();
  const sheet = readFileSync(new URL("sheet1.xml", folder), "utf8");
  for (const [, row] of sheet.matchAll(/<row [^>]*>(.*?)<\/row>/gs)) {
    const cells = {};
    for (const [, column, index] of row.matchAll(/<c r="([A-G])\d+"[^>]*><v>(\d+)<\/v>/g))
      cells[column] = shared[Number(index)].trim();
    if (!SETTLEMENTS.has(cells.F) || !cells.G) continue;
    const oblast = cells.A.slice(0, 4);
    const name = withApostrophe(cells.G);
    if (!names.has(oblast)) names.set(oblast, new Map());
    if (cells.F !== VILLAGE || !names.get(oblast).has(name)) names.get(oblast).set(name, cells.F);
  }
  return names;
}
