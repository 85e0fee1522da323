// The words of every language, which the page has one of.

import deGains from "../../../publish/words/de.json";
import enGains from "../../../publish/words/en.json";
import frGains from "../../../publish/words/fr.json";
import ruGains from "../../../publish/words/ru.json";
import ukGains from "../../../publish/words/uk.json";
import type { GainsWords } from "../src/gains";
import { speaker, type Say, type Words } from "../src/texts";
import de from "../src/words/de.json";
import en from "../src/words/en.json";
import fr from "../src/words/fr.json";
import ru from "../src/words/ru.json";
import uk from "../src/words/uk.json";

export const WORDS: Record<string, Words> = { en, uk, ru, de, fr };
export const GAINS_WORDS: Record<string, GainsWords> = {
  en: enGains,
  uk: ukGains,
  ru: ruGains,
  de: deGains,
  fr: frGains,
};
export const sayIn = (language: string): Say => speaker(WORDS[language]!);
