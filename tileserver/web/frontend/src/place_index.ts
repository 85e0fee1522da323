// Places that a reader may look for, and which of them a text means: in any language and script, by the beginnings of
// words, the larger and nearer first.

import { romanised } from "../basemap/romanise.mjs";
import { metresBetween, type LonLat } from "./geodesy";
import { AFTER_LATIN } from "./letters";

/** A place by its names: the local one under "", others by language. */
export interface Place {
  names: Record<string, string>;
  /** The zoom from which it is on the map: the less, the larger. */
  zoom: number;
  at: LonLat;
  kind: "place" | "direction";
}

const STEPS = 500; // see basemap/index.mjs
const LANGUAGES = ["", "uk", "ru", "en", "de", "fr"];
const CYRILLIC: ReadonlySet<string> = new Set(["uk", "ru"]);
const LETTERS: Record<string, string> = {
  ł: "l",
  đ: "d",
  ø: "o",
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ё: "е",
  ґ: "г",
  ʼ: "",
  "’": "",
  "'": "",
};

/** A name without what people leave out when they type: case, accents, apostrophes. */
export const folded = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/й/gu, "\u0001") // no accent of и, and none of і
    .replaceAll(/ї/gu, "\u0002")
    .normalize("NFD")
    .replaceAll(/\p{Mn}/gu, "")
    .replaceAll("\u0001", "й")
    .replaceAll("\u0002", "ї")
    .replaceAll(/[łđøßæœёґʼ’']/gu, (letter) => LETTERS[letter] ?? letter)
    .replaceAll(/[\s\-–.]+/gu, " ")
    .trim();

/** Read the index of the build. */
export function readIndex(text: string): Place[] {
  let x = 0;
  return text.split("\n").map((line) => {
    const [dx, y, zoom, ...names] = line.split("|");
    x += Number(dx);
    const local = names[0] ?? "";
    const given = LANGUAGES.map((language, i) => [language, names[i]]).filter(([, name]) => name);
    const named = Object.fromEntries(given) as Record<string, string>;
    if (!named["en"]) named["en"] = romanised(local);
    return { names: named, zoom: Number(zoom), at: [x / STEPS, Number(y) / STEPS], kind: "place" };
  });
}

interface Entry {
  place: Place;
  keys: string[];
}
/** Places with the folded texts that find them. */
export type Index = readonly Entry[];

/** Make places findable. */
export const indexed = (places: readonly Place[]): Index =>
  places.map((place) => ({ place, keys: [...new Set(Object.values(place.names).map(folded))] }));

/** A place's name in a language, as the map has it: else the local one, if its letters are the reader's, else the English. */
export function nameIn({ names }: Place, language: string): string {
  const local = names[""];
  const isRead = CYRILLIC.has(language) || (language !== "en" && (local ?? AFTER_LATIN) < AFTER_LATIN);
  const known = isRead ? (local ?? names["en"]) : (names["en"] ?? local);
  return names[language] ?? known ?? Object.values(names)[0] ?? "";
}

const REACH = 3; // degrees
const LAST_TOWN = 6; // zoom: of towns that most readers know

/** The town that tells a place from others of its name: the nearest one, and how far it is. */
export function townBy(index: Index, { at: [lon, lat] }: Place): { town: Place; metres: number } | null {
  const towns = index.filter(
    ({ place: { zoom, at } }) =>
      zoom <= LAST_TOWN && Math.abs(at[0] - lon) < REACH && Math.abs(at[1] - lat) < REACH,
  );
  return towns
    .map(({ place: town }) => ({ town, metres: metresBetween([lon, lat], town.at) }))
    .reduce<{ town: Place; metres: number } | null>(
      (near, one) => (near && near.metres <= one.metres ? near : one),
      null,
    );
}

/** How well a key answers a folded query: 3 all of it, 2 its beginning, 1 the beginning of a word; 0 not. */
function matchOf(keys: readonly string[], query: string): number {
  let best = 0;
  for (const key of keys) {
    if (key === query) return 3;
    if (key.startsWith(query)) best = Math.max(best, 2);
    else if (best === 0 && key.includes(` ${query}`)) best = 1;
  }
  return best;
}

/** The places that a text means, the best first: whole names, then beginnings; among them large and near ones. */
export function search(index: Index, text: string, middle: LonLat, most = 8): Place[] {
  const query = folded(text);
  if (query.length < 2) return [];
  const squeeze = Math.cos((middle[1] * Math.PI) / 180);
  const found: [number, Place][] = [];
  for (const { place, keys } of index) {
    const match = matchOf(keys, query);
    if (match === 0) continue;
    const degrees = Math.hypot((place.at[0] - middle[0]) * squeeze, place.at[1] - middle[1]);
    found.push([(4 - match) * 3 + place.zoom * 0.8 + Math.log2(1 + degrees) * 1.5, place]);
  }
  return found
    .sort((a, b) => a[0] - b[0])
    .slice(0, most)
    .map(([, place]) => place);
}
