// Calendar days as text, "2023-11-09". They are local days of the theatre, so no time zone enters here.

import { agoFormat, dateFormat, numberFormat } from "./formats";

/** A calendar day as ISO text, `2023-11-09`. */
export type Day = string;

const MS = 86_400_000;
const FORM = /^(\d{4})-(\d{2})-(\d{2})$/;

/** Milliseconds at which the day would begin in UTC; NaN where the text is no day of the calendar. */
function instant(text: string): number {
  const match = FORM.exec(text);
  if (!match) return NaN;
  const ms = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  return new Date(ms).toISOString().startsWith(text) ? ms : NaN;
}

/** Whether a text is a day that the calendar has. */
export const isDay = (text: string): boolean => !Number.isNaN(instant(text));

/** How many days `to` is after `from`. */
export const daysBetween = (from: Day, to: Day): number => Math.round((instant(to) - instant(from)) / MS);

/** The day *count* days on. */
export const addDays = (day: Day, count: number): Day =>
  new Date(instant(day) + count * MS).toISOString().slice(0, 10);

/** The same day `count` months on, or the last day of that month. */
export function addMonths(day: Day, count: number): Day {
  const date = new Date(instant(day));
  const wanted = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + count);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(wanted, last));
  return date.toISOString().slice(0, 10);
}

/** The day itself, or the nearer end of the range from *first* to *last*. */
export const clampDay = (day: Day, first: Day, last: Day): Day =>
  day < first ? first : day > last ? last : day;

/** The day that a key leads to; null where the key means nothing here. */
export function dayOfKey(key: string, day: Day, { first, last }: { first: Day; last: Day }): Day | null {
  const moves: Record<string, () => Day> = {
    ArrowLeft: () => addDays(day, -1),
    ArrowDown: () => addDays(day, -1),
    ArrowRight: () => addDays(day, 1),
    ArrowUp: () => addDays(day, 1),
    PageUp: () => addMonths(day, 1),
    PageDown: () => addMonths(day, -1),
    Home: () => first,
    End: () => last,
  };
  return Object.hasOwn(moves, key) ? clampDay(moves[key]!(), first, last) : null;
}

/** "9 November 2023" in the reader's language, as its newspapers have it; `short` for "9 Nov 2023". */
export function dayText(day: Day, language: string, style: "long" | "short" = "long"): string {
  return format(day, language, { day: "numeric", month: style, year: "numeric" });
}

/** Days, or months or years where they are many, as "32 days" or, `ago`, as "32 days ago". */
export function spanText(days: number, language: string, ago = false): string {
  const [count, unit]: [number, "day" | "month" | "year"] =
    days < 60
      ? [days, "day"]
      : days < 730
        ? [Math.floor(days / 30.44), "month"]
        : [Math.floor(days / 365.25), "year"];
  return ago
    ? agoFormat(language, { numeric: "auto" }).format(-count, unit)
    : numberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(count);
}

/** "48 hours" in the reader's language. */
export const hoursText = (hours: number, language: string): string =>
  numberFormat(language, {
    style: "unit",
    unit: "hour",
    unitDisplay: "long",
    maximumFractionDigits: 1,
  }).format(hours);

/** "27 Nov 2026, 14:05 GMT+2": an instant, in milliseconds since 1970, by the clock of a time zone. */
export const instantText = (at: number, language: string, timeZone: string): string =>
  written(at, language, {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone,
    timeZoneName: "shortOffset",
  });

/** "Thursday" in the reader's language. */
export const weekdayText = (day: Day, language: string): string => format(day, language, { weekday: "long" });

/** The weekday as it follows "as of": in Ukrainian and Russian in the accusative, which `Intl` does not have. */
export const asOfWeekday = (day: Day, language: string): string => {
  const said = weekdayText(day, language);
  return ["uk", "ru"].includes(language) ? said.replace(/а$/, "у").replace(/я$/, "ю") : said;
};

/** A day in the reader's language, of which *options* name the parts. */
export const format = (day: Day, language: string, options: Intl.DateTimeFormatOptions): string =>
  written(instant(day), language, { ...options, timeZone: "UTC" });

/** An instant as `Intl` has it, without the word for "year" that follows the number in Ukrainian and Russian. */
function written(at: number, language: string, options: Intl.DateTimeFormatOptions): string {
  const locale = language === "en" ? "en-GB" : language; // the day before the month, as on the rest of the page
  const parts = dateFormat(locale, options).formatToParts(at);
  return parts
    .map(({ value }, i) => (parts[i - 1]?.type === "year" ? value.replace(/^\s[рг]\./, "") : value))
    .join("");
}
