// Coordinates as people write them: decimal or in degrees, minutes and seconds, with letters, signs or neither.

import type { LonLat } from "./geodesy";

const LETTERS: Record<string, "lat" | "lon"> = { n: "lat", s: "lat", e: "lon", w: "lon", o: "lon" };
// Ukrainian and Russian: пн. ш., пд. ш., сх. д., зх. д.; с. ш., ю. ш., в. д., з. д.
const CYRILLIC: Record<string, string> = {
  пн: "N",
  с: "N",
  пд: "S",
  ю: "S",
  сх: "E",
  в: "E",
  зх: "W",
  з: "W",
};
const WORDS = /(пн|пд|сх|зх|с|ю|в|з)\.?\s*[шд]\.?/giu;
const ANGLE =
  /([NSEWO])?\s*([+-]?\d{1,3}(?:\.\d+)?)\s*(?:°|º|d|\s)?\s*(?:(\d{1,2}(?:\.\d+)?)\s*(?:['′’]|\s|$))?\s*(?:(\d{1,2}(?:\.\d+)?)\s*(?:["″”]|''|\s|$))?\s*([NSEWO])?/giu;

interface Angle {
  degrees: number;
  axis: "lat" | "lon" | null;
}

/** Letters of Cyrillic directions become Latin; a decimal comma becomes a point where the other sign parts the two. */
function plain(text: string): string {
  const latin = text.replaceAll(WORDS, (_, word: string) => ` ${CYRILLIC[word.toLowerCase()] ?? ""} `);
  const minus = latin.replaceAll("−", "-");
  const isCommaDecimal = /^\D*\d{1,3},\d+\D*[;\s/]\D*\d{1,3},\d+\D*$/u.test(minus.trim());
  return isCommaDecimal ? minus.replaceAll(/(\d),(\d)/gu, "$1.$2") : minus;
}

function angleOf([, before, whole, minutes, seconds, after]: RegExpMatchArray): Angle | null {
  const letter = (before ?? after)?.toLowerCase() ?? "";
  const [m, s] = [Number(minutes ?? 0), Number(seconds ?? 0)];
  if (m >= 60 || s >= 60 || (whole!.includes(".") && minutes)) return null;
  const size = Math.abs(Number(whole)) + m / 60 + s / 3600;
  const negative = whole!.startsWith("-") || letter === "s" || letter === "w";
  return { degrees: negative ? -size : size, axis: LETTERS[letter] ?? null };
}

/** The place that a text names by its coordinates, latitude first unless letters say otherwise; null for any other. */
export function coordinatesOf(text: string): LonLat | null {
  const given = plain(text).trim();
  if (given.length > 80 || !/^[\d\s.,;:°º'′’"″”dNSEWO+/()-]+$/iu.test(given)) return null;
  const halves = halvesOf(given);
  const angles = halves.map((half) => {
    const found = [...half.trim().matchAll(ANGLE)].filter(([all]) => all.trim());
    return found.length === 1 && found[0]![0].trim() === half.trim() ? angleOf(found[0]!) : null;
  });
  const [one, other] = angles;
  if (angles.length !== 2 || !one || !other || (one.axis && one.axis === other.axis)) return null;
  const first = one.axis === "lon" || other.axis === "lat" ? other : one;
  const second = first === one ? other : one;
  if (Math.abs(first.degrees) <= 90 && Math.abs(second.degrees) <= 180)
    return [second.degrees, first.degrees];
  return null;
}

/** The two angles of a text: parted by a comma or semicolon, by a letter, or by the middle of four or six numbers. */
function halvesOf(text: string): string[] {
  const parted = text
    .replaceAll(/[()]/gu, " ")
    .split(/\s*[,;/]\s*/u)
    .filter((half) => half.trim());
  if (parted.length > 1) return parted;
  const after = /^(.*?[NSEWO])\s*(\S.*[NSEWO])$/iu.exec(text);
  if (after && /\d/u.test(after[1]!)) return [after[1]!, after[2]!];
  const before = /^([NSEWO].*?)\s*([NSEWO].*)$/iu.exec(text);
  if (before) return [before[1]!, before[2]!];
  const numbers = text.split(/\s+/u);
  return numbers.length % 2 === 0
    ? [numbers.slice(0, numbers.length / 2).join(" "), numbers.slice(numbers.length / 2).join(" ")]
    : [text];
}

/** Coordinates for reading: latitude first, five decimals. */
export const coordinatesText = ([lon, lat]: LonLat): string => `${lat.toFixed(5)}, ${lon.toFixed(5)}`;
