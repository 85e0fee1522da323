// The basemap draws Crimea as Ukraine, writes archives that PMTiles readers read, and spells names as Ukraine does.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { PMTiles } from "pmtiles";
import { feature } from "topojson-client";
import { RUSSIA, UKRAINE } from "../basemap/crimea.mjs";
import { archive } from "../basemap/pmtiles.mjs";
import { withoutSpecks } from "../basemap/rings.mjs";
import { isQuarter, namesOfPlace, zoomOfPlace } from "../basemap/places.mjs";
import { romanised } from "../basemap/romanise.mjs";
import { bordersOf, readNaturalEarth, readRegionCountries, worldLayers } from "../basemap/sources.mjs";

const PLACES = { Simferopol: [34.1, 44.95], Sevastopol: [33.56, 44.58], Kerch: [36.45, 45.35] };
const PEREKOP = [33.4, 45.95, 34.0, 46.3]; // west, south, east, north around the isthmus

function inRing([lon, lat], ring) {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [[x, y], [u, v]] = [ring[i], ring[j]];
    if (y > lat !== v > lat && lon < ((u - x) * (lat - y)) / (v - y) + x) inside = !inside;
  }
  return inside;
}

const holds = (polygons, point) =>
  polygons.some((polygon) => polygon.filter((ring) => inRing(point, ring)).length % 2 === 1);
const polygonsOf = ({ geometry }) =>
  geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
const inBox = ([lon, lat], [west, south, east, north]) =>
  lon > west && lon < east && lat > south && lat < north;

const world = readNaturalEarth();
const regions = readRegionCountries();

test("Simferopol, Sevastopol and Kerch lie in Ukraine and not in Russia, in both sources", () => {
  const named = Object.fromEntries(
    feature(world, world.objects.countries).features.map((one) => [one.id, one]),
  );
  for (const [name, point] of Object.entries(PLACES)) {
    assert.ok(holds(polygonsOf(named[UKRAINE]), point), `${name} in Natural Earth`);
    assert.ok(!holds(polygonsOf(named[RUSSIA]), point), `${name} in Natural Earth`);
    assert.ok(holds(regions.UKR, point), `${name} in geo-maps`);
    assert.ok(!holds(regions.RUS, point), `${name} in geo-maps`);
  }
});

test("no country border runs through Perekop, and the one between Ukraine and Russia is still there", () => {
  for (const border of [worldLayers(world).border.features[0].geometry, bordersOf(regions)]) {
    const points = border.coordinates.flat();
    assert.equal(points.filter((point) => inBox(point, PEREKOP)).length, 0);
    assert.equal(
      points.filter((point) => inBox(point, [32.3, 44.2, 36.7, 46.2])).length,
      0,
      "nor around the peninsula",
    );
    assert.ok(
      points.filter((point) => inBox(point, [36, 49.5, 40.5, 51])).length > 10,
      "the border by Kharkiv and Luhansk",
    );
  }
});

test("a border is drawn between the countries of the western front too", () => {
  const points = bordersOf(regions).coordinates.flat();
  for (const [name, box] of Object.entries({ Rhine: [7.5, 47.9, 8.3, 49], Meuse: [5.5, 50.6, 6.2, 51.5] }))
    assert.ok(
      points.some((point) => inBox(point, box)),
      name,
    );
});

test("an archive gives back every tile, the shared and the missing ones too", async () => {
  const tiles = [];
  for (let x = 0; x < 128; x++)
    for (let y = 0; y < 64; y++)
      if ((x + y) % 7) tiles.push({ z: 7, x, y, data: Buffer.from(x % 3 ? `tile ${x} ${y}` : "the same") });
  const bytes = archive(tiles, {
    minzoom: 7,
    maxzoom: 7,
    bounds: [-180, -85, 180, 85],
    metadata: { name: "test" },
  });
  const source = {
    getKey: () => "memory",
    getBytes: (offset, length) =>
      Promise.resolve({
        data: bytes.buffer.slice(bytes.byteOffset + offset, bytes.byteOffset + offset + length),
      }),
  };
  const reader = new PMTiles(source);
  assert.deepEqual(await reader.getMetadata(), { name: "test" });
  for (const { z, x, y, data } of tiles)
    assert.equal(Buffer.from((await reader.getZxy(z, x, y)).data).toString(), data.toString());
  assert.equal(await reader.getZxy(7, 0, 0), undefined);
});

test("Ukrainian names are romanised as Ukraine does it", () => {
  const table = {
    Київ: "Kyiv",
    Запоріжжя: "Zaporizhzhia",
    "Куп’янськ": "Kupiansk",
    Згурівка: "Zghurivka",
    Єнакієве: "Yenakiieve",
    "Кривий Ріг": "Kryvyi Rih",
    Ялта: "Yalta",
  };
  for (const [name, latin] of Object.entries(table)) assert.equal(romanised(name), latin);
});

test("a place whose own name is in Cyrillic letters has an English one, for readers who have none of their own", () => {
  const table = JSON.parse(readFileSync(new URL("../basemap/tables/places.json", import.meta.url), "utf8"));
  const written = Object.entries(table).filter(([, names]) => /\p{Script=Cyrillic}/u.test(names?.name ?? ""));
  assert.ok(written.length > 10);
  for (const [place, { en }] of written) assert.ok(en, place);
});

const REGISTER = new Map([["UA63", new Map([["Куп’янськ", "M"]])]]);
const place = (name, country, region, ...spellings) => ({ name, country, region, spellings });

test("a village has its name of the register, and the Russian and the German one that other spellings confirm", () => {
  const kupiansk = place("Kupiansk", "UA", "07", "Kupjansk", "Купянск", "Куп’янськ", "Купъянскъ", "Къпянск");
  assert.deepEqual(namesOfPlace(kupiansk, REGISTER), {
    name: "Куп’янськ",
    en: "Kupiansk",
    ru: "Купянск",
    de: "Kupjansk",
  });
  const alike = place("Bakhmut", "UA", "05", "Artemivsk", "Артёмовск", "Бахмут");
  assert.deepEqual(namesOfPlace(alike, REGISTER), {
    name: "Бахмут",
    en: "Bakhmut",
    ru: undefined,
    de: undefined,
    fr: "Bakhmout", // of the table
  });
});

test("a name that no spelling confirms is not made up: the local one stands", () => {
  assert.deepEqual(namesOfPlace(place("'s-Hertogenbosch", "NL", "06"), REGISTER), {
    name: "'s-Hertogenbosch",
  });
  const russian = namesOfPlace(place("Shebekino", "RU", "09", "Шебекино", "Shebekino"), REGISTER);
  assert.deepEqual(russian, { name: "Шебекино", en: "Shebekino", uk: undefined });
});

test("what the table knows better stands beside what spellings confirm, and people are no name", () => {
  const sumy = place("Sumy", "UA", "21", "Сумы", "Суми", "Sumy");
  const names = namesOfPlace(sumy, new Map([["UA59", new Map([["Суми", "M"]])]]));
  assert.equal(names.name, "Суми");
  assert.equal(names.fr, "Soumy");
  const kherson = namesOfPlace(place("Kherson", "UA", "08"), REGISTER);
  assert.deepEqual(kherson, { name: "Херсон", en: "Kherson", uk: "Херсон", ru: "Херсон", de: "Cherson" });
});

test("a quarter that is called as a settlement of its oblast is no city", () => {
  const register = new Map([["UA14", new Map(Object.entries({ Олександрівка: "X", Бахмут: "M" }))]]);
  const inDonetsk = { country: "UA", region: "05", population: 100_330 };
  assert.ok(isQuarter(inDonetsk, { name: "Олександрівка" }, register));
  assert.ok(!isQuarter({ ...inDonetsk, population: 5_000 }, { name: "Олександрівка" }, register));
  assert.ok(!isQuarter(inDonetsk, { name: "Бахмут" }, register));
});

test("a capital is shown from zoom 4 at the latest, a large one where a phone shows its country, a village last", () => {
  assert.equal(zoomOfPlace({ population: 2_952_301, featureCode: "PPLC" }), 3);
  const kupiansk = { population: 26_627, featureCode: "PPL", country: "UA" };
  assert.ok(zoomOfPlace({ ...kupiansk, region: "07" }) < zoomOfPlace({ ...kupiansk, region: "15" }));
  assert.ok(zoomOfPlace({ population: 30_000, featureCode: "PPLC" }) <= 4);
  assert.ok(zoomOfPlace({ population: 1_500, featureCode: "PPL" }) >= 9);
});

test("a speck that rounding turned round is left out, so the holes after it stay holes of their polygon", () => {
  const outer = [
    [0, 0],
    [4096, 0],
    [4096, 4096],
    [0, 4096],
    [0, 0],
  ];
  const island = [
    [100, 100],
    [100, 900],
    [900, 900],
    [900, 100],
    [100, 100],
  ];
  const speck = [
    [50, 50],
    [53, 50],
    [50, 53],
    [50, 50],
  ];
  assert.deepEqual(withoutSpecks({ type: 3, geometry: [outer, speck, island] }).geometry, [outer, island]);
  assert.deepEqual(
    withoutSpecks({ type: 2, geometry: [speck] }).geometry,
    [speck],
    "a line encloses nothing and stays",
  );
});
