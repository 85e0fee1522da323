// Which period of history a day lies in, and which of a period's features change between two of its days.
// Nothing here knows of a map.

import { daysBetween, type Day } from "./days";

/** What the server lists: whole days since 1970-01-01, `end` exclusive. */
export interface Period {
  id: string;
  first_day: Day;
  last_day: Day;
  first: number;
  end: number;
  open: boolean;
}
export interface History {
  tiles: string;
  periods: Period[];
}

/** Days since 1970-01-01. */
export const numberOf = (day: Day): number => daysBetween("1970-01-01", day);

/** The place in the list of the period that holds this day; of days before and after all the nearest one. */
export function placeOf(periods: readonly Period[], day: Day): number {
  const number = numberOf(day);
  const found = periods.findIndex(({ end }) => number < end);
  return found < 0 ? periods.length - 1 : found;
}

/** One feature of a layer and the days that it holds on: `from` to before `to`. */
export interface Held {
  readonly layer: string;
  readonly id: number;
  readonly from: number;
  readonly to: number;
  on: boolean;
}

/** How a feature is drawn while nobody has said anything about it. */
export type Undrawn = (held: Omit<Held, "on">) => boolean;

/** Features by the days on which they begin and end, each with whether it is switched on. */
export class Holdings {
  private readonly known = new Map<string, Map<number, Held>>();
  private readonly edges = new Map<number, Held[]>();

  constructor(private readonly undrawn: Undrawn) {}

  /** Take note of a feature; null where it is known already. */
  add(layer: string, id: number, from: number, to: number): Held | null {
    let ids = this.known.get(layer);
    if (!ids) this.known.set(layer, (ids = new Map<number, Held>()));
    if (ids.has(id)) return null;
    const held = { layer, id, from, to, on: this.undrawn({ layer, id, from, to }) };
    ids.set(id, held);
    for (const day of [from, to]) {
      const there = this.edges.get(day);
      if (there) there.push(held);
      else this.edges.set(day, [held]);
    }
    return held;
  }

  /** What begins or ends between two days; the rest is the same on both. */
  *between(one: number, other: number): Generator<Held> {
    for (let day = Math.min(one, other) + 1; day <= Math.max(one, other); day++)
      yield* this.edges.get(day) ?? [];
  }

  ofLayer(layer: string): Iterable<Held> {
    return this.known.get(layer)?.values() ?? [];
  }
}

export const holdsOn = ({ from, to }: { from: number; to: number }, day: number): boolean =>
  from <= day && day < to;
