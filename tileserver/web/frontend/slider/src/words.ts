// What the slider says, in the words of the reader's map; the build leaves the other words of those files out.

import de from "../../src/words/de.json";
import en from "../../src/words/en.json";
import fr from "../../src/words/fr.json";
import ru from "../../src/words/ru.json";
import uk from "../../src/words/uk.json";
import type { TimeSliderWords } from "../time-slider";

/** The name of a word of the slider; `words.json` has the same for the build. */
export type SliderWord = keyof TimeSliderWords;

/** The slider's words by language. */
export const DICTIONARY: Record<string, TimeSliderWords> = { de, en, fr, ru, uk };

/** The first language that there are words for: the one asked for, then the browser's, then English. */
export function chooseLanguage(asked: string, preferred: readonly string[]): string {
  const wanted = asked ? [asked] : preferred;
  return wanted.find((tag) => baseOf(tag) in DICTIONARY) ?? (asked || "en");
}

const baseOf = (tag: string): string => tag.toLowerCase().split("-")[0] ?? "";

/** A function that says a word, with `{day}` filled in; own words come before ours, and English where there are none. */
export const speaker =
  (language: string, own: Partial<TimeSliderWords>) =>
  (word: SliderWord, day = ""): string =>
    (own[word] ?? (DICTIONARY[baseOf(language)] ?? en)[word]).replace("{day}", day);

/** See `speaker`. */
export type Say = ReturnType<typeof speaker>;
