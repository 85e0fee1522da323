// Words of the page by language, and the choice among texts that the server sends in several.

import de from "./words/de.json";
import en from "./words/en.json";
import fr from "./words/fr.json";
import ru from "./words/ru.json";
import uk from "./words/uk.json";

/** A text by language tag. */
export type Text = Record<string, string>;
/** The name of a word of the page. */
export type Word = keyof typeof en;

/** Every word of the page by language; a language that lacks one does not compile. */
export const DICTIONARY: Record<string, Record<Word, string>> = { en, uk, ru, de, fr };

/** The first language we have words for: the one asked for, then the browser's, then English. */
export function chooseLanguage(asked: string, preferred: readonly string[]): string {
  const wanted = [asked, ...preferred].map((tag) => tag.toLowerCase().split("-")[0] ?? "");
  return wanted.find((tag) => Object.hasOwn(DICTIONARY, tag)) ?? "en";
}

/** The text in this language, else in English, else in any. */
export const pick = (text: Text | undefined, language: string): string =>
  text?.[language] ?? text?.["en"] ?? Object.values(text ?? {})[0] ?? "";

/** See `speaker`. */
export type Say = ReturnType<typeof speaker>;

/** A function that says a word in this language; `{name}` is filled from `values`. */
export function speaker(language: string): (word: Word, values?: Record<string, string | number>) => string {
  return (word, values = {}) => {
    const said = DICTIONARY[language]?.[word] ?? en[word];
    return said.replace(/\{(\w+)\}/g, (whole, name: string) =>
      name in values ? String(values[name]) : whole,
    );
  };
}

/** The sign of a unit of length, in letters of the language. */
export const unitText = (unit: "kilometer" | "meter", language: string): string =>
  new Intl.NumberFormat(language, { style: "unit", unit })
    .formatToParts(1)
    .find(({ type }) => type === "unit")?.value ?? "";

/** The sign of square kilometres, for which `Intl` has none. */
export const squareText = (language: string): string => `${unitText("kilometer", language)}²`;

/** Square kilometres as a reader wants them: two figures, or all before the point. */
export const kilometres = (km2: number, language: string): string =>
  `${new Intl.NumberFormat(language, { maximumFractionDigits: km2 < 10 ? 1 : 0 }).format(km2)}\u00A0${squareText(language)}`;

/** Square kilometres to the thousandth, so that sums can be checked; without the unit. */
export const exactKilometres = (km2: number, language: string): string =>
  new Intl.NumberFormat(language, { minimumFractionDigits: 3, maximumFractionDigits: 3 })
    .format(km2)
    .replace("-", "−");
