import assert from "node:assert/strict";
import { test } from "node:test";
import { coordinatesOf } from "../src/coordinates";
import { lengthText, metresBetween, wayBetween } from "../src/geodesy";
import { folded, indexed, nameIn, readIndex, search, type Place } from "../src/place_index";
import { legsOf } from "../src/ruler";
import { asidesOf, distinct } from "../src/search";

const near = (text: string, lon: number, lat: number): void => {
  const found = coordinatesOf(text);
  assert.ok(found, text);
  assert.ok(Math.hypot(found[0] - lon, found[1] - lat) < 0.0005, `${text}: ${found.join(" ")}`);
};

test("coordinates are understood in every common form", () => {
  const [lon, lat] = [37.9, 48.5];
  for (const text of [
    "48.5, 37.9",
    "48.5 37.9",
    "48.5,37.9",
    "(48.5; 37.9)",
    "48,5 37,9",
    "48.5N 37.9E",
    "N48.5 E37.9",
    "37.9E 48.5N",
    "48°30'N 37°54'E",
    "48°30′00″ N, 37°54′00″ E",
    "48° 30' 0\" N 37° 54' 0\" E",
    "N 48° 30.000 E 37° 54.000",
    "48 30 0 N 37 54 0 E",
    "48 30 37 54",
    "48.5° 37.9°",
    "48°30' пн. ш. 37°54' сх. д.",
    "48°30′ с. ш. 37°54′ в. д.",
  ])
    near(text, lon, lat);
  near("-33.9, 18.4", 18.4, -33.9);
  near("33.9S 18.4W", -18.4, -33.9);
  near("−33.9, −18.4", -18.4, -33.9);
});

test("what is no coordinate is none", () => {
  for (const text of [
    "",
    "Bakhmut",
    "48.5",
    "48.5, 37.9, 12",
    "91, 10",
    "48.5N 37.9N",
    "48°75'N 37°54'E",
    "10, 200",
    "2023-11-09",
    "N E",
    "....",
    "°°",
    "1e3, 2e3",
    "48.5°30' 37",
    "5 km",
    "a".repeat(5000),
    "9".repeat(200),
  ])
    // prettier-ignore
    assert.equal(coordinatesOf(text), null, text);
});

const INDEX = indexed(
  readIndex(
    [
      "18500|24300|8|Бахмут||Бахмут",
      "5|24800|8|Куп’янськ||Купянск",
      "10|24880|10|Синьківка||Синьковка",
      "-1000|24600|4|Харків||Харьков|Kharkiv|Charkiw|Kharkiv",
      "-16000|25100|9|Köln-Mülheim|||Koln Muelheim",
      "100|26000|9|Łódź|||Lodz",
      "-100|24300|9|Saint-Dié",
    ].join("\n"),
  ),
);
const names = (text: string, middle: [number, number] = [37, 48.5]): string[] =>
  search(INDEX, text, middle).map((place) => nameIn(place, "uk"));

test("a place is found in any language and script, without accents and apostrophes, by the beginning of a word", () => {
  assert.deepEqual(names("бахм"), ["Бахмут"]);
  assert.deepEqual(names("BAKH"), ["Бахмут"]);
  for (const text of ["куп’янськ", "купянськ", "Kupiansk", "Купянск", "kup"])
    assert.equal(names(text)[0], "Куп’янськ", text);
  assert.deepEqual(names("Charkiw"), ["Харків"]);
  assert.deepEqual(names("lodz"), ["Łódź"]);
  assert.deepEqual(names("mulheim"), ["Köln-Mülheim"]);
  assert.deepEqual(names("saint die"), ["Saint-Dié"]);
  assert.deepEqual(names("хмут"), []);
  assert.deepEqual(names("x"), []);
});

test("of equal answers the larger and the nearer come first", () => {
  assert.deepEqual(names("kh"), ["Харків"]);
  const two = indexed([
    { names: { "": "Іванівка" }, zoom: 10, at: [25, 49], kind: "place" },
    { names: { "": "Іванівка" }, zoom: 10, at: [38, 48], kind: "place" },
    { names: { "": "Іванівка" }, zoom: 8, at: [38.1, 48], kind: "place" },
  ]);
  assert.deepEqual(
    search(two, "іванівка", [38, 48]).map(({ at, zoom }) => [at[0], zoom]),
    [[38.1, 8], [38, 10], [25, 10]],
  ); // prettier-ignore
});

test("places of one name say by which town they lie, in the reader's language", () => {
  const index = indexed(
    readIndex(
      [
        "18870|24070|8|Авдіївка||Авдеевка",
        "30|24000|5|Донецьк||Донецк|Donetsk|Donezk",
        "-3300|25670|10|Авдіївка||Авдеевка",
        "20|25750|6|Чернігів||Чернигов",
        "40|25750|8|Бахмут||Бахмут|Bakhmut",
      ].join("\n"),
    ),
  );
  const beside = (text: string, language: string): string[] =>
    asidesOf(search(index, text, [37.7, 48.1]), index, { language, say: (key) => key }).map((aside) =>
      aside.replaceAll("\u00a0", " "),
    );
  assert.deepEqual(beside("авдіївка", "uk"), ["Донецьк 16,2 км", "Чернігів 18 км"]);
  assert.deepEqual(beside("avdiivka", "de"), ["Donezk 16,2 km", "Chernihiv 18 km"]);
  assert.deepEqual(beside("bakhmut", "fr"), ["Бахмут"]); // alone of its name, which is shown in letters that are read
});

test("й and ї are letters of their own, and an accent is not", () => {
  assert.notEqual(folded("Київ"), folded("Киив"));
  assert.notEqual(folded("Орєхов й"), folded("Орєхов и"));
  assert.equal(folded("Бе́рдянськ"), folded("бердянськ"));
});

test("a place of the desk stands for that of the base map with the same name nearby", () => {
  const place = (name: string, lon: number, lat: number): Place => ({
    names: { uk: name },
    zoom: 9,
    at: [lon, lat],
    kind: "place",
  });
  const found = distinct([
    place("Роботине", 35.83, 47.44),
    place("Роботине", 35.84, 47.45),
    place("Роботине", 33, 47.44),
  ]);
  assert.deepEqual(
    found.map(({ at }) => at[0]),
    [35.83, 33],
  );
});

test("lengths are those of the ellipsoid", () => {
  // Kyiv to Simferopol, and a degree of longitude on the equator: GeographicLib.
  assert.ok(Math.abs(metresBetween([30.5234, 50.4501], [34.1024, 44.9521]) - 667_508) < 5);
  assert.ok(Math.abs(metresBetween([0, 0], [1, 0]) - 111_319.49) < 0.1);
  assert.equal(metresBetween([5, 5], [5, 5]), 0);
  const { legs, total } = legsOf([[0, 0], [1, 0], [1, 1]]); // prettier-ignore
  assert.equal(legs.length, 2);
  assert.ok(Math.abs(total - legs[0]! - legs[1]!) < 1e-6);
});

test("a way over 180 degrees goes on, and ends where it should", () => {
  const way = wayBetween([179, 60], [-179, 60]);
  assert.deepEqual(way[0], [179, 60]);
  assert.ok(Math.abs(way.at(-1)![0] - 181) < 1e-6);
});

test("a length is worded in the reader's language", () => {
  assert.equal(lengthText(667_508, "uk").replaceAll("\u00a0", " "), "668 км");
  assert.equal(lengthText(950, "ru").replaceAll("\u00a0", " "), "950 м");
  assert.equal(lengthText(12_345, "en").replaceAll("\u00a0", " "), "12.3 km");
});
