// What the server has measured, in km2: what each status has, what was gained and lost, two days compared.

import { read } from "./catalogue";
import { addDays, type Day } from "./days";
import type { Side } from "./gains";

/** A comparison in figures: the statuses of our side, the km2 that went from one status to another ("" for none); what
 *  each side gained and lost by movement; and all that passed, by kind and side, of which that is the sum. */
export interface ComparisonDocument {
  held: { statuses: string[] } | null;
  moved: { from: string; to: string; km2: number }[];
  sides?: (Side & { gained: number; lost: number; net: number })[];
  passed?: {
    kind: "movement" | "marked" | "outline" | "sliver";
    from_side: string;
    to_side: string;
    from: string;
    to: string;
    km2: number;
  }[];
}

/** Read the comparison of two days, also by side, by the URL templates of the TileJSON. */
export async function readComparison(
  { document, sides }: { document: string; sides?: string },
  from: Day,
  to: Day,
): Promise<ComparisonDocument> {
  const url = (template: string): string => template.replace("{from}", from).replace("{to}", to);
  const [whole, bySide] = await Promise.all([
    read<ComparisonDocument>(url(document)),
    sides ? read<Pick<ComparisonDocument, "sides" | "passed">>(url(sides)) : {},
  ]);
  return { ...whole, ...bySide };
}

/** Read the km2 of each status at the end of a day, by the URL of the timeline; null where nothing measured that day. */
export async function readKm2(
  days: string,
  tileset: string,
  day: Day,
): Promise<ReadonlyMap<string, number> | null> {
  const url = new URL(days, location.href);
  url.pathname = url.pathname.replace(/[^/]*\/timeline$/, `${encodeURIComponent(tileset)}/km2.json`);
  url.searchParams.set("datetime", day);
  const { km2 } = await read<{ km2: Record<string, number[]> }>(url.href);
  const found = Object.entries(km2).flatMap(([status, [own]]) =>
    own === undefined ? [] : [[status, own] as const],
  );
  return found.length ? new Map(found) : null;
}

/** Land that somebody took on a day, in km2; `to` is the side, "" for none. */
export interface Passed {
  day: Day;
  to: string;
  km2: number;
}

interface GainsColumns {
  first_day: Day | null;
  kinds: string[];
  sides: { id: string }[];
  per_km2: number;
  day: number[];
  kind: number[];
  to: number[];
  amount: number[];
}

/** Read what was taken from one day to another, both included, by the URL of the gains; no outline that was drawn anew. */
export async function readPassed(gains: string, first: Day, last: Day): Promise<Passed[]> {
  const url = new URL(gains, location.href);
  url.searchParams.set("datetime", `${first}/${last}`);
  const { first_day, kinds, sides, per_km2, day, kind, to, amount } = await read<GainsColumns>(url.href);
  return day.flatMap((own, i) =>
    first_day && kinds[kind[i]!] === "movement"
      ? [{ day: addDays(first_day, own), to: sides[to[i]!]?.id ?? "", km2: amount[i]! / per_km2 }]
      : [],
  );
}
