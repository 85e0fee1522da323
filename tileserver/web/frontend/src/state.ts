// The day of the page: wished for, shown, playing, asked for by a link. Frozen values, and functions from one to the
// next; no map, no element, and no clock but the milliseconds that come in.

import { latestDay } from "./ages";
import type { TileJson } from "./catalogue";
import { addDays, clampDay, isDay, type Day } from "./days";
import type { Progress } from "./dayqueue";
import type { Link } from "./address";
import type { Word } from "./texts";

/** How a wish came about: a `jump` is worth a step in the browser's history, a `step` is not. */
export type Manner = "step" | "jump";

/** All that the page remembers about days, beside what the link says. */
export interface PageState extends Readonly<Progress> {
  readonly manner: Manner; // of the newest wish; a step once its day is shown
  readonly asked: Day | ""; // a day that a link asks for and that is not public, until the reader goes on
  readonly playing: boolean;
  readonly due: number; // ms from which the next day may follow while playing
  readonly travels: boolean; // whether the reader moves through time, so that it pays to load ahead
}

/** The state of a page that has nothing yet. */
export const START: PageState = {
  phase: "loading",
  wanted: "",
  shown: "",
  manner: "step",
  asked: "",
  playing: false,
  due: 0,
  travels: false,
};

/** The state after a wish. A day that a link asked for is forgotten once the reader goes on from the shown one. */
export const wished = (state: PageState, manner: Manner): PageState => ({
  ...state,
  manner,
  asked: state.shown ? "" : state.asked,
});

/** The entry of the browser's history that a day being shown is worth. */
export const entryOf = ({ manner, shown }: PageState): "push" | "replace" =>
  manner === "jump" && shown ? "push" : "replace";

/** The entry that another day of a comparison is worth: its opening or its end is a step back, its days are not. */
export const entryOfComparing = (before: Day | "", after: Day | ""): "push" | "replace" =>
  (before === "") === (after === "") ? "replace" : "push";

/** The day that a page begins at; `asked` is the day of its link where that is not public, else "". */
export interface Opening {
  day: Day;
  asked: Day | "";
}

/** The day to begin at: the link's, else the theatre's own, else the server's; the nearest that is public. */
export function openingDay(
  at: Link["at"],
  opensAt: string,
  time: Pick<TileJson["time"], "first_day" | "last_day" | "default" | "newest">,
): Opening {
  const { first_day, last_day, default: usual } = time;
  if (at === "latest") return { day: latestDay(time), asked: "" };
  const day = clampDay(at || (isDay(opensAt) ? opensAt : usual), first_day, last_day);
  return { day, asked: at && at !== day ? at : "" };
}

/** The two days of a comparison that is chosen while a day is shown: the later one is to look at. */
export const comparing = (chosen: Day | "", shown: Day | ""): { look: Day | ""; compare: Day | "" } =>
  chosen > shown ? { look: chosen, compare: shown } : { look: shown, compare: chosen };

/** Whether the next day is due while playing: once the shown one has stood long enough; never before it is shown. */
export const isDue = ({ phase, playing, due }: PageState, now: number): boolean =>
  playing && phase === "ready" && now >= due;

/** The state after a day was due at *now*; each stands for *stepMs*, and for half of that after a delay. */
export const stepped = (state: PageState, now: number, stepMs: number): PageState => ({
  ...state,
  due: Math.max(state.due + stepMs, now + stepMs / 2),
});

/** The day after the wanted one; "" where that was the last. */
export const dayAfter = ({ wanted }: PageState, last: Day): Day | "" =>
  wanted && wanted < last ? addDays(wanted, 1) : "";

/** The line over the map, as a word and the days that fill it; null for none. */
export function hintOf(state: PageState, lost: boolean): { word: Word; days: Record<string, Day> } | null {
  const { phase, wanted, shown, asked } = state;
  if (lost) return { word: "lost", days: {} };
  if (phase === "error") return { word: "failed", days: { day: wanted } };
  if (phase === "loading" && wanted !== shown) return { word: "loading", days: { day: wanted } };
  return asked && shown ? { word: "clamped", days: { asked, day: shown } } : null;
}
