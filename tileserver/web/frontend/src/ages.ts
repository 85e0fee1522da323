// The age of the shown data: since when control is as it is, whose data ends before the shown day, and how long data
// waits before it is public. All of it by the days and the clock of the server.

import {
  changesOf,
  type ByRole,
  type DayCount,
  type DrawnLayer,
  type Role,
  type TileJson,
} from "./catalogue";
import { daysBetween, type Day } from "./days";
import { dateFormat } from "./formats";
import type { Text } from "./texts";

/** A role whose data ends before the shown day: what is shown of it is of `day`, `days` earlier. With a title it is one
 *  of several layers of that role, of which another goes on. */
export interface Aged {
  role: Role;
  title?: Text;
  day: Day;
  days: number;
}

/** The newest public day: how long ago it is, and how many hours data waits to be public; `goesOn` where it is that of
 *  control, and other data goes on after it. */
export interface Newest {
  days: number;
  hours: number;
  goesOn: boolean;
}

/** The age of the data shown on a day, by role and as a whole. */
export interface Known {
  aged: Aged[];
  /** The day of the last change of control until then; empty where there was none yet. */
  lastChange: Day | "";
  /** The first day of which anything is known, by role; without a role that nothing was published of. */
  first: ByRole<Day>;
  /** Whether it is the first day of which control is known: nobody knows what changed on it. */
  begins: boolean;
  newest: Newest | null;
}

const SAID: Role[] = ["areas", "events"]; // a front line is the edge of areas, and notes say themselves until when they hold

/** Hours of an ISO 8601 duration as the server writes it: `PT48H`, `PT90S`. */
export function hoursOf(duration: string): number {
  const [, count = "0", unit = "H"] = /^PT(\d+)([HS])$/.exec(duration) ?? [];
  return Number(count) / (unit === "H" ? 1 : 3600);
}

/** The newest day of the map: on which it is known who holds what, however much later the last event is dated. */
export const latestDay = ({ newest, last_day }: Pick<TileJson["time"], "newest" | "last_day">): Day =>
  newest.areas ?? last_day;

/** The server's local day when it answered. */
export function today({ horizon, embargo, day_zone }: TileJson["time"]): Day {
  const now = Date.parse(horizon) + hoursOf(embargo) * 3_600_000;
  const parts = dateFormat("en", {
    timeZone: day_zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  }).formatToParts(now);
  const [year, month, day] = ["year", "month", "day"].map(
    (type) => parts.find((part) => part.type === type)?.value ?? "",
  );
  return `${year}-${month}-${day}`;
}

/** The age of the data shown on a day; *days* are those of the timeline, ascending, *drawn* the layers. */
export function knownOn(
  day: Day,
  time: TileJson["time"],
  days: readonly DayCount[],
  drawn: readonly DrawnLayer[],
): Known {
  const aged: Aged[] = SAID.flatMap((role) => {
    const own = time.newest[role];
    if (own && own < day) return [{ role, day: own, days: daysBetween(own, day) }];
    return drawn.flatMap(({ role: one, title, newest }) =>
      one === role && newest && newest < day
        ? [{ role, title, day: newest, days: daysBetween(newest, day) }]
        : [],
    );
  });
  const begun = ({ begins }: DayCount): boolean => begins.includes("areas");
  const last = days.findLast((count) => count.day <= day && (changesOf(count) > 0 || begun(count)));
  const begins = last?.day === day && begun(last) && changesOf(last) === 0;
  const goesOn = day === latestDay(time) && day < time.last_day;
  const newest =
    goesOn || day === time.last_day
      ? { days: daysBetween(day, today(time)), hours: hoursOf(time.embargo), goesOn }
      : null;
  const first: ByRole<Day> = {},
    areas = days.find(begun),
    events = days.find((count) => count.events > 0);
  if (areas) first.areas = areas.day;
  if (events) first.events = events.day;
  return { aged, lastChange: last?.day ?? "", first, begins, newest };
}
