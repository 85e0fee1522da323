// The periods of history and the features in them: which period holds a day, and which features begin or end
// between two of its days. Nothing here knows of a map.

import { daysBetween, type Day } from "./days";

/** Whole days since 1970-01-01, negative before it. */
export type DayNumber = number;

/** A period as the server lists it; `first` to before `end` are the same days as `first_day` to `last_day`. */
export interface Period {
  id: string;
  first_day: Day;
  last_day: Day;
  first: DayNumber;
  end: DayNumber;
  open: boolean;
}
/** The periods of a tileset, ascending and without gaps; `tiles` is the URL template of their tiles. */
export interface History {
  tiles: string;
  periods: Period[];
}

/** The number of a day. */
export const dayNumber = (day: Day): DayNumber => daysBetween("1970-01-01", day);

/** The index of the period that holds a day; before and after all periods that of the nearest one. */
export function periodIndex(periods: readonly Period[], day: Day): number {
  const number = dayNumber(day);
  const found = periods.findIndex(({ end }) => number < end);
  return found < 0 ? periods.length - 1 : found;
}

/** A feature of a period's tiles with the days that it holds on: `from` to before `to`. */
export interface DatedFeature {
  readonly layer: string;
  readonly id: number;
  readonly from: DayNumber;
  readonly to: DayNumber;
  on: boolean; // whether the map draws it at the moment
}

/** Whether a feature is drawn as long as its feature state says nothing. */
export type DrawnUnsaid = (feature: Omit<DatedFeature, "on">) => boolean;

/** The features of a period, to be found by the days on which they begin and end. */
export class DatedFeatures {
  private readonly byLayer = new Map<string, Map<number, DatedFeature>>();
  private readonly byEdge = new Map<DayNumber, DatedFeature[]>(); // at its first day, and at the day after its last

  constructor(private readonly drawnUnsaid: DrawnUnsaid) {}

  /** Take a feature in; null where it is there already, as one in two tiles is. */
  add(layer: string, id: number, from: DayNumber, to: DayNumber): DatedFeature | null {
    let ids = this.byLayer.get(layer);
    if (!ids) this.byLayer.set(layer, (ids = new Map<number, DatedFeature>()));
    if (ids.has(id)) return null;
    const feature = { layer, id, from, to, on: this.drawnUnsaid({ layer, id, from, to }) };
    ids.set(id, feature);
    for (const day of [from, to]) {
      const there = this.byEdge.get(day);
      if (there) there.push(feature);
      else this.byEdge.set(day, [feature]);
    }
    return feature;
  }

  /** The features that begin or end between two days, in either order; the others are the same on both. */
  *between(one: DayNumber, other: DayNumber): Generator<DatedFeature> {
    for (let day = Math.min(one, other) + 1; day <= Math.max(one, other); day++)
      yield* this.byEdge.get(day) ?? [];
  }

  /** All features of a layer. */
  ofLayer(layer: string): Iterable<DatedFeature> {
    return this.byLayer.get(layer)?.values() ?? [];
  }
}

/** Whether a day lies in `from` to before `to`. */
export const holdsOn = ({ from, to }: { from: DayNumber; to: DayNumber }, day: DayNumber): boolean =>
  from <= day && day < to;
