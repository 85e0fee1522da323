// Which of a place's spellings is its Ukrainian, its Russian or its German name. GeoNames lists spellings without their
// language; a spelling is taken where the register, or the place's other names, confirm it. None is ever made up.

import { romanised } from "./romanise.mjs";

const UKRAINIAN = /^[абвгґдеєжзиіїйклмнопрстуфхцчшщьюя’ \-().]+$/i;
const RUSSIAN = /^[абвгдеёжзийклмнопрстуфхцчшщъыьэюя \-().]+$/i;
const FOREIGN = /ъ$|[^ -]э|кы|жы|шы|ськ|ць|леньск/i; // of Russian before 1918, of Belarusian, of Ukrainian
const RUSSIAN_ONLY = /[ёъыэ]|(ое|ий|ый|ая|ск|цк|ово|ево)$/i;

/** Letters that a name keeps from one spelling to the next, vowels made alike. */
const skeleton = (name) =>
  name
    .toLowerCase()
    .replaceAll(/[ьъ’'ʼ\- ]/g, "")
    .replaceAll(/[іїиыйё]/g, (letter) => (letter === "ё" ? "е" : "и"))
    .replaceAll(/[єэ]/g, "е")
    .replaceAll("ґ", "г")
    .replaceAll(/(.)\1/g, "$1");

/** Edits from one text to another. */
export function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let k = 1; k <= b.length; k++)
      next.push(Math.min(row[k] + 1, next[k - 1] + 1, row[k - 1] + (a[i - 1] === b[k - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}

const plain = (name) =>
  name
    .toLowerCase()
    .normalize("NFD")
    .replaceAll(/[^a-z]/g, "")
    .replaceAll(/(.)\1/g, "$1");
const nearest = (names, cost, most) =>
  names
    .map((name) => ({ name, cost: cost(name) }))
    .filter((one) => one.cost <= most)
    .sort((a, b) => a.cost - b.cost || a.name.localeCompare(b.name))[0]?.name;
const about = (name) => Math.max(1, Math.floor(name.length / 4));

/** The Ukrainian spelling: one of the official names of the oblast, else one that GeoNames' own name romanises. */
export function ukrainianOf({ name, spellings }, official) {
  const cost = (one) => distance(plain(romanised(one)), plain(name));
  const cyrillic = spellings.filter((one) => UKRAINIAN.test(one));
  const listed = nearest(
    cyrillic.filter((one) => official.has(one)),
    cost,
    Infinity,
  );
  return listed ?? nearest(cyrillic, cost, 1);
}

/** The Russian spelling of a place whose own name is `own`, in Ukrainian or Belarusian; undefined where it is alike. */
export function russianOf({ spellings }, own) {
  const cost = (one) =>
    distance(skeleton(one), skeleton(own)) -
    (RUSSIAN_ONLY.test(one) ? 0.5 : 0) -
    (one.endsWith("ь") ? 0.2 : 0);
  const found = [own, ...spellings].filter(
    (one) => RUSSIAN.test(one) && !FOREIGN.test(one) && !/ий [а-я]/i.test(one),
  );
  const nearby = nearest(found, cost, about(own) + 1);
  return nearby === own ? undefined : nearby;
}

const RUSSIAN_IN_LATIN = { ё: "yo", ж: "zh", х: "kh", ц: "ts", ч: "ch", ш: "sh", щ: "shch", ъ: "", ы: "y", ь: "", э: "e", ю: "yu", я: "ya", й: "y" }; // prettier-ignore
const latin = (name) =>
  romanised(name.toLowerCase().replaceAll(/[ёжхцчшщъыьэюяй]/g, (letter) => RUSSIAN_IN_LATIN[letter]).replaceAll("г", "ґ").replaceAll("и", "і")); // prettier-ignore

/** The Russian name of a place in Russia or Belarus, by what GeoNames' own name romanises. */
export const localRussianOf = ({ name, spellings }) =>
  nearest(
    spellings.filter((one) => RUSSIAN.test(one) && !FOREIGN.test(one)),
    (one) =>
      distance(plain(latin(one)), plain(name)) -
      (RUSSIAN_ONLY.test(one) ? 0.5 : 0) -
      (one.includes("ь") ? 0.3 : 0),
    about(name) + 1,
  );

/** The Ukrainian spelling of a place abroad whose Russian name is `russian`: only one with a letter that is only Ukrainian. */
export const ukrainianAbroad = ({ spellings }, russian) =>
  nearest(
    spellings.filter((one) => UKRAINIAN.test(one) && /[їєґ]|ськ|цьк|[бвгджзклмнпрстфхцчшщ]і/i.test(one)),
    (one) => distance(skeleton(one), skeleton(russian)) - (/[їє]|ськ|цьк/i.test(one) ? 0.5 : 0),
    about(russian),
  );

const GERMAN = { ж: "sch", з: "s", и: "y", і: "i", ї: "ji", й: "j", в: "w", х: "ch", ц: "z", ч: "tsch", ш: "sch", щ: "schtsch", ю: "ju", я: "ja", є: "je", с: "s", г: "h", ґ: "g", ь: "", "’": "" }; // prettier-ignore

/** The German spelling of a Ukrainian name, where GeoNames has it; undefined else. */
export function germanOf({ spellings }, ukrainian) {
  const wanted = [...ukrainian.toLowerCase()].map((letter) => GERMAN[letter] ?? romanised(letter)).join("");
  return spellings.find((one) => one.toLowerCase() === wanted);
}
