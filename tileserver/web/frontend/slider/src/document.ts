// The part of a TileJSON that dates a map: days, periods of history, and where the tiles of a day are.

import type { DayCount } from "../../src/catalogue";
import { clampDay, isDay, type Day } from "../../src/days";
import type { Span } from "../../src/histogram";
import { periodIndex, type Period } from "../../src/periods";
import type { TileJson } from "../time-slider";

/** A TileJSON of which something can be shown. */
export interface Dated extends TileJson {
  time: NonNullable<TileJson["time"]> & { first_day: Day; last_day: Day };
}

/** Read a TileJSON from its address, or take it as it is. Throws where it has no days. */
export async function readDocument(given: string | TileJson): Promise<Dated> {
  const document = typeof given === "string" ? await read(given) : given;
  const { time } = document;
  if (!time?.first_day || !time.last_day) throw new Error("the TileJSON has no days that are public");
  return document as Dated;
}

async function read(url: string): Promise<TileJson> {
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return (await response.json()) as TileJson;
}

/** Read on which days anything happened; none where that cannot be had. */
export async function readDays(url: string): Promise<DayCount[]> {
  const answer = await fetch(url).catch(() => null);
  return answer?.ok ? ((await answer.json()) as { days: DayCount[] }).days : [];
}

/** The first and the last day. */
export const spanOf = ({ time }: Dated): Span => ({ first: time.first_day, last: time.last_day });

/** The day to begin at: the one asked for, else the document's own; of days that are not public the nearest. */
export function openingDay({ time }: Dated, asked: string): Day {
  const { first_day, last_day } = time;
  const usual = time.default ?? last_day;
  return clampDay(asked === "latest" ? last_day : isDay(asked) ? asked : usual, first_day, last_day);
}

/** The URL template of the tiles of a single day. */
export function dayTiles({ tiles: [template = ""] }: TileJson, day: Day): string {
  const [path = "", query = ""] = template.split("?");
  const asked = new URLSearchParams(query);
  asked.set("datetime", day);
  return `${path}?${asked}`;
}

/** The period that holds a day, where there is history. */
export function periodOf({ time: { history } }: Dated, day: Day): { index: number; period: Period } | null {
  if (!history) return null;
  const index = periodIndex(history.periods, day);
  const period = history.periods[index];
  return period ? { index, period } : null;
}
