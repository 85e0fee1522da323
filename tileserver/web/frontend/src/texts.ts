// Words of the page in the reader's language, and the choice among texts that the server sends in several.

import { numberFormat } from "./formats";
import type en from "./words/en.json";

/** A text by language tag. */
export type Text = Record<string, string>;
/** The name of a word of the page. */
export type Word = keyof typeof en;
/** Every word of the page in one language. */
export type Words = Record<Word, string>;

/** The languages of the page; each is a file of its own in the build, see `languages/`. */
export const LANGUAGES = ["en", "uk", "ru", "de", "fr"] as const;

/** The text in this language, else in English, else in any. */
export const pick = (text: Text | undefined, language: string): string =>
  text?.[language] ?? text?.["en"] ?? Object.values(text ?? {})[0] ?? "";

/** See `speaker`. */
export type Say = ReturnType<typeof speaker>;

/** A function that says one of these words; `{name}` is filled from `values`. */
export function speaker(words: Words): (word: Word, values?: Record<string, string | number>) => string {
  return (word, values = {}) =>
    words[word].replace(/\{(\w+)\}/g, (whole, name: string) =>
      name in values ? String(values[name]) : whole,
    );
}

/** The sign of a unit of length, in letters of the language. */
export const unitText = (unit: "kilometer" | "meter", language: string): string =>
  numberFormat(language, { style: "unit", unit })
    .formatToParts(1)
    .find(({ type }) => type === "unit")?.value ?? "";

/** The sign of square kilometres, for which `Intl` has none. */
export const squareText = (language: string): string => `${unitText("kilometer", language)}²`;

/** Square kilometres as a reader wants them: two figures, or all before the point. */
export const kilometres = (km2: number, language: string): string =>
  `${numberFormat(language, { maximumFractionDigits: km2 < 10 ? 1 : 0 }).format(km2)}\u00A0${squareText(language)}`;

/** Square kilometres of which the first less the second is the third, with as few decimals as that holds with; without the
 *  unit. */
export function sumText(sum: readonly [number, number, number], language: string): string[] {
  const rounded = (km2: number, digits: number): number =>
    Math.sign(km2) * Math.round(Math.abs(km2) * 10 ** digits) + 0; // never -0
  const holds = (digits: number): boolean => {
    const [gained = 0, lost = 0, net = 0] = sum.map((km2) => rounded(km2, digits));
    return gained - lost === net;
  };
  const least = Math.max(...sum.map(Math.abs)) < 10 ? 1 : 0;
  const digits = [0, 1, 2].find((each) => each >= least && holds(each)) ?? 3;
  const written = numberFormat(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return sum.map((km2) => written.format(rounded(km2, digits) / 10 ** digits).replace("-", "−"));
}
