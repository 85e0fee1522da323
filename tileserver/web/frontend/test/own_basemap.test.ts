import assert from "node:assert/strict";
import { test } from "node:test";
import { drawnOf, mixed, ownStyle, type Schema } from "../src/own_basemap";
import { FIRST_LABEL, FIRST_WATER, paletteOf, type Palette } from "../src/basemap";
import type { LayerSpecification, StyleSpecification } from "maplibre-gl";

const SCHEMAS: Schema[] = ["shortbread", "protomaps", "openmaptiles"];
const light: Palette = paletteOf("light");
const base: StyleSpecification = {
  version: 8,
  sources: {},
  layers: [
    { id: "sea", type: "background" },
    { id: "world-land", type: "fill", source: "world", "source-layer": "land" },
    { id: FIRST_WATER, type: "fill", source: "regions", "source-layer": "water" },
    { id: "regions-border", type: "line", source: "regions", "source-layer": "border" },
    { id: FIRST_LABEL, type: "symbol", source: "world", "source-layer": "place", filter: ["has", "from"] },
    { id: "countries", type: "symbol", source: "world", "source-layer": "country" },
  ],
};
const REACH = { bounds: [30, 45, 40, 50] as [number, number, number, number], minzoom: 0 };

for (const schema of SCHEMAS) {
  test(`the layers of ${schema} ask for no glyphs, pictures or borders of anybody, and are the same in both themes`, async () => {
    const drawn = await drawnOf(schema);
    const layers = drawn("light", light, "uk");
    const dark = drawn("dark", paletteOf("dark"), "uk");
    assert.deepEqual(
      layers.map(({ id }) => id),
      dark.map(({ id }) => id),
    );
    assert.ok(layers.length > 40 && layers.length < 120, `${layers.length} layers`);
    for (const layer of layers as Exclude<LayerSpecification, { type: "background" }>[]) {
      assert.equal(layer.source, "own");
      assert.doesNotMatch(String(layer["source-layer"]), /bound/);
      const layout = (layer.layout ?? {}) as Record<string, unknown>;
      if (layer.type === "symbol") assert.deepEqual(layout["text-font"], ["system-ui"]);
      assert.deepEqual(
        Object.keys(layout).filter((name) => name.startsWith("icon-")),
        [],
      );
    }
    assert.match(JSON.stringify(layers), /"name[_:]uk"/);
    const style = ownStyle("http://here/own.pmtiles", REACH, layers, {
      base,
      palette: light,
      firstWater: FIRST_WATER,
      firstLabel: FIRST_LABEL,
    });
    assert.equal(style.glyphs ?? style.sprite, undefined);
    const hosts = JSON.stringify(style).match(/https?:\/\/[^/"]+/g);
    assert.deepEqual([...new Set(hosts)], ["http://here"]);
  });
}

test("an archive lies over the ground of the build: land under areas, water over them, our borders over both", async () => {
  const layers = (await drawnOf("protomaps"))("light", light, "en");
  const own = { base, palette: light, firstWater: FIRST_WATER, firstLabel: FIRST_LABEL };
  const { layers: all } = ownStyle("http://here/own.pmtiles", REACH, layers, own);
  const at = (id: string): number => all.findIndex((layer) => layer.id === id);
  const order = [
    "world-land",
    "own-extent",
    "own-land-forest",
    FIRST_WATER,
    "own-water-area",
    "own-street-motorway",
  ];
  const rest = ["regions-border", FIRST_LABEL, "own-label-place-city", "countries"];
  const places = [...order, ...rest].map(at);
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  );
  assert.ok(!places.includes(-1));
  assert.equal(all[at(FIRST_WATER)]!.layout?.visibility, "none");
  assert.match(JSON.stringify(all[at(FIRST_LABEL)]), /within/);
  assert.deepEqual(all[at("regions-border")], base.layers[3]);
});

test("below an archive's zooms the ground of the build is whole", async () => {
  const layers = (await drawnOf("shortbread"))("light", light, "en");
  const own = { base, palette: light, firstWater: FIRST_WATER, firstLabel: FIRST_LABEL };
  const { layers: all } = ownStyle("http://here/own.pmtiles", { ...REACH, minzoom: 6 }, layers, own);
  const water = all.find(({ id }) => id === FIRST_WATER)!;
  assert.deepEqual([water.maxzoom, water.layout?.visibility], [6, undefined]);
  assert.equal(all.find(({ id }) => id === "own-extent")!.minzoom, 6);
});

test("a mixed colour lies between two", () => {
  assert.equal(mixed("#000000", "#ffffff", 0.5), "#808080");
  assert.equal(mixed("#f5f2ec", "#4b4842", 0), "#f5f2ec");
});
