// The days on which the ground itself changed: a reservoir emptied, borders drawn. The basemap's archives say so by
// `from` and `to`; a style draws each such day's features in layers of their own, switched by the map's global state.

import type { ExpressionSpecification, FilterSpecification, Map as MapLibre } from "maplibre-gl";
import dated from "../basemap/tables/dated.json";
import type { Day } from "./days";

/** The name in the map's global state: a day on which the ground is as on the day that is shown. */
export const GROUND_DAY = "ground-day";

type Bounds = { from?: string; to?: string };

const bounds: readonly Bounds[] = Object.values(dated);
const turns: readonly string[] = [...new Set(bounds.flatMap(({ from, to }) => [from ?? "", to ?? ""]))]
  .filter((day) => day !== "")
  .sort();

/** The last day up to *day* on which the ground changed; "0000-00-00" before the first one. */
export const groundDay = (day: Day): string => turns.findLast((turn) => turn <= day) ?? "0000-00-00";

/** Let the ground be that of a day. Nothing is done unless the ground changed in between. */
export function setGround(map: MapLibre, day: Day): void {
  const now = groundDay(day);
  if (map.getGlobalState()[GROUND_DAY] !== now) map.setGlobalStateProperty(GROUND_DAY, now);
}

/** A part of a layer of the basemap: which features, and the opacity from 0 to 1 of all of them together.
 *  While no day is shown, nothing that has dates is. */
export interface Dated {
  id: string;
  filter: ExpressionSpecification;
  opacity: ExpressionSpecification | number;
}

const day: ExpressionSpecification = ["to-string", ["global-state", GROUND_DAY]];
const undated: Dated = {
  id: "",
  filter: ["!", ["any", ["has", "from"], ["has", "to"]]],
  opacity: 1,
};

function datedPart(name: keyof typeof dated): Dated {
  const { from = "", to = "" }: Bounds = dated[name];
  const shown: ExpressionSpecification = to
    ? ["all", [">", day, ""], [">=", day, from], ["<", day, to]]
    : ["all", [">", day, ""], [">=", day, from]];
  return {
    id: `-${name}`,
    filter: ["==", ["get", to ? "to" : "from"], to || from],
    opacity: ["case", shown, 1, 0],
  };
}

/** The parts of a layer that has features of these dates, beside those without any. */
export const partsOf = (...names: (keyof typeof dated)[]): Dated[] => [undated, ...names.map(datedPart)];

/** The part alone of what has these dates. */
export const partOf = datedPart;

/** Both conditions. */
export const both = (one: ExpressionSpecification, other: ExpressionSpecification): FilterSpecification =>
  ["all", one, other] as FilterSpecification;
