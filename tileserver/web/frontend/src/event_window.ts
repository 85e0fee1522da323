// The window of events: how many days up to the shown one their marks stay on the map, and how they fade meanwhile.
// Nothing here knows of a map.

import { addDays, type Day } from "./days";
import type { ExpressionSpecification, FilterSpecification } from "maplibre-gl";
import { dayNumber, type DayNumber } from "./periods";

/** Whole days up to and with the shown one; Infinity for all so far. */
export type EventWindow = number;

/** The windows that a reader may choose, and the usual one. */
export const WINDOWS: readonly EventWindow[] = [1, 7, 30, Infinity];
export const USUAL_WINDOW: EventWindow = 7;

/** The days since an event at which it becomes older to look at, ascending; the first is its own day. */
export const AGES = [0, 1, 3, 7, 30] as const;

/** A window as a link says it: `1`, `7`, `30` or `all`. */
export const windowText = (window: EventWindow): string => (window === Infinity ? "all" : String(window));

/** The window that a link says; the usual one for anything else. */
export const windowOf = (text: string | null): EventWindow =>
  WINDOWS.find((window) => windowText(window) === text) ?? USUAL_WINDOW;

/** The first day of the window that ends with *day*; null where it goes back to the beginning. */
export const firstDayOf = (day: Day, window: EventWindow): Day | null =>
  window === Infinity ? null : addDays(day, 1 - window);

/** The day on which the mark of an event, which is over at the beginning of the day `to`, leaves the map. */
export const leavesOn = (to: DayNumber, window: EventWindow): DayNumber => to + window - 1;

/** A filter of the events whose marks may be on the map on a day; of those that say no days, all. */
export function mayBeSeen(day: Day, window: EventWindow): FilterSpecification {
  const number = dayNumber(day);
  const begun: ExpressionSpecification = ["<=", ["get", "from"], number];
  const there: ExpressionSpecification = [">", ["get", "to"], number - window + 1];
  return ["any", ["!", ["has", "from"]], window === Infinity ? begun : ["all", begun, there]];
}

/** The age to look at, an index of `AGES`, of an event on a day; while it lasts it is of that day. */
export function ageOn(to: DayNumber, day: DayNumber): number {
  const days = day - to + 1;
  return Math.max(
    0,
    AGES.findLastIndex((least) => least <= days),
  );
}

/** The days on which the mark of an event comes, grows older to look at, and leaves; ascending, each once. */
export function edgesOf(from: DayNumber, to: DayNumber, window: EventWindow): DayNumber[] {
  const leaves = leavesOn(to, window);
  const older = AGES.slice(1).map((days) => to - 1 + days);
  return [from, ...older.filter((day) => from < day && day < leaves), leaves];
}
