// The periods of history and the features in them: which period holds a day, and which features begin or end
// between two of its days. Nothing here knows of a map.

import { addDays, clampDay, daysBetween, type Day } from "./days";

/** Whole days since 1970-01-01, negative before it. */
export type DayNumber = number;

/** The end, in tiles, of what goes on beyond their period. */
export const OPEN_DAY: DayNumber = 2 ** 31 - 1;

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

/** The first and the last day of a period that are public; `time` is the first and the last public day, and all periods. */
export function daysOf(
  { history, first_day, last_day }: { history: History; first_day: Day; last_day: Day },
  index: number,
): [Day, Day] {
  const { first_day: first = first_day, last_day: last = last_day } = history.periods[index] ?? {};
  return [clampDay(first, first_day, last_day), clampDay(last, first_day, last_day)];
}

/** The number of a day. */
export const dayNumber = (day: Day): DayNumber => daysBetween("1970-01-01", day);

/** The day of a number. */
export const dayOf = (number: DayNumber): Day => addDays("1970-01-01", number);

/** The index of the period that holds a day; before and after all periods that of the nearest one. */
export function periodIndex(periods: readonly Period[], day: Day): number {
  const number = dayNumber(day);
  const found = periods.findIndex(({ end }) => number < end);
  return found < 0 ? periods.length - 1 : found;
}

/** A feature of a period's tiles with the days that it is drawn on: `from` to before `to`. Of an event those are more
 *  than the days that it holds on, which end before the day `over`. */
export interface DatedFeature {
  readonly layer: string;
  readonly id: number;
  readonly from: DayNumber;
  readonly to: DayNumber;
  readonly over: DayNumber;
  on: boolean; // whether the map draws it at the moment
  age: number; // how old it is to look at, where that is drawn
}

/** What a tile says of a feature. */
export type FoundFeature = Omit<DatedFeature, "on" | "age">;

/** Whether a feature is drawn as long as its feature state says nothing. */
export type DrawnUnsaid = (feature: FoundFeature) => boolean;

/** The features of a period, to be found by the days on which they begin, change their look, and end. */
export class DatedFeatures {
  private readonly byLayer = new Map<string, Map<number, DatedFeature>>();
  private readonly byEdge = new Map<DayNumber, DatedFeature[]>(); // at each of its edges

  constructor(private readonly drawnUnsaid: DrawnUnsaid) {}

  /** Take a feature in, with the days from each of which on it looks different; null where it is there already, as
   *  one in two tiles is. */
  add(found: FoundFeature, edges: readonly DayNumber[] = [found.from, found.to]): DatedFeature | null {
    const { layer, id } = found;
    let ids = this.byLayer.get(layer);
    if (!ids) this.byLayer.set(layer, (ids = new Map<number, DatedFeature>()));
    if (ids.has(id)) return null;
    const feature = { ...found, on: this.drawnUnsaid(found), age: 0 };
    ids.set(id, feature);
    for (const day of edges) {
      const there = this.byEdge.get(day);
      if (there) there.push(feature);
      else this.byEdge.set(day, [feature]);
    }
    return feature;
  }

  /** The features with an edge between two days, in either order; the others are the same on both. */
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
