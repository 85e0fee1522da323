// A newsroom's own archive over the base map of the build: drawn by a kept style library, in our colours and in the
// reader's language, without glyphs or pictures of anybody. Where it has nothing, ours stays; where it fails, ours
// comes back.

import type { FilterSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import type { PMTiles } from "pmtiles";
import type { Palette, Theme } from "./basemap";

/** The schemas of an archive's layers. */
export type Schema = "shortbread" | "protomaps" | "openmaptiles";
/** An archive as the page is told of it; a URL is absolute, or relative to the page. */
export interface Declared {
  url: string;
  schema: Schema;
  attribution: string;
}
/** Where an archive has tiles: west, south, east, north in degrees, and its least zoom. */
export interface Reach {
  bounds: [number, number, number, number];
  minzoom: number;
}
/** The layers of an archive in a theme and a language, of the source `OWN`. */
export type Drawn = (theme: Theme, palette: Palette, language: string) => LayerSpecification[];

/** The archive's source, and what its layers' ids begin with. */
export const OWN = "own";
const PATIENCE_MS = 5000; // for the head of an archive, before the map begins without it
const MVT = 1; // the kind of vector tiles, in the head of an archive
const EXTENT = `${OWN}-extent`;
const BORDERS = /border|outer|oblast|admin/; // of the build's lines; they are ours whatever lies under them

const channel = (hex: string, at: number): number => Number.parseInt(hex.slice(at, at + 2), 16);
/** A colour between two of CSS hex; `share` of the second, from 0 to 1. */
export function mixed(one: string, other: string, share: number): string {
  const part = (at: number): string =>
    Math.round(channel(one, at) * (1 - share) + channel(other, at) * share)
      .toString(16)
      .padStart(2, "0");
  return `#${part(1)}${part(3)}${part(5)}`;
}

/** Every colour of the library's, from the few of ours: quiet, so that the theatre's speak. */
function coloursOf(ours: Palette): Record<string, string> {
  const { land, water, label, labelFaint, labelHalo } = ours;
  const tone = (share: number): string => mixed(land, label, share);
  const even = Object.fromEntries(
    [
      "natureGrass",
      "natureAgriculture",
      "natureSand",
      "natureRock",
      "natureLeisure",
      "areaWaste",
      "areaBurial",
    ].map((key) => [key, land]),
  );
  return {
    ...even,
    background: land,
    land,
    water,
    glacier: mixed(land, labelHalo, 0.6),
    natureWood: tone(0.045),
    naturePark: tone(0.03),
    natureWetland: mixed(land, water, 0.35),
    areaResidential: tone(0.07),
    areaCommercial: tone(0.07),
    areaIndustrial: tone(0.07),
    building: tone(0.12),
    buildingBg: tone(0.12),
    roadStreet: tone(0.14),
    roadMotorway: tone(0.3),
    roadTrunk: tone(0.22),
    transitRail: tone(0.32),
    label,
    labelHalo,
    labelWater: mixed(water, labelFaint, 0.75),
  };
}

const LAYERS = {
  land: { vegetation: false, rock: false, sand: false, agriculture: false },
  water: { piers: false },
  roads: {
    streets: { service: false, pedestrian: false, track: false, bus: false },
    paths: false,
    footway: false,
    steps: false,
  },
  transit: { aerialways: false, ferries: false, stops: false },
  buildings: false,
  sites: false,
  airport: false,
  pois: false,
  boundaries: false, // ours are right in Crimea
  markings: false,
  labels: { boundaries: false, places: { districts: false }, streets: false, addresses: false },
  icons: false,
};
const LEFT_OUT = /^(background|slot-|tunnel-)|:outline$/;

/** A layer of the library's as one of ours: our source, our font, no picture. */
function adapted(layer: LayerSpecification): LayerSpecification {
  const own = { ...layer, id: `${OWN}-${layer.id}`, source: OWN } as LayerSpecification;
  if (own.type !== "symbol") return own;
  const layout = Object.entries(own.layout ?? {}).filter(([name]) => !name.startsWith("icon-"));
  const paint = Object.entries(own.paint ?? {}).filter(([name]) => !name.startsWith("icon-"));
  return {
    ...own,
    layout: { ...Object.fromEntries(layout), "text-font": ["system-ui"] },
    paint: Object.fromEntries(paint),
  };
}

type Build = (options: object) => StyleSpecification;
const BUILDERS: Record<Schema, () => Promise<{ build: unknown }>> = {
  shortbread: () => import("./schemas/shortbread"),
  protomaps: () => import("./schemas/protomaps"),
  openmaptiles: () => import("./schemas/openmaptiles"),
};
const URLS: Record<Schema, string> = { shortbread: "osm", protomaps: "protomaps", openmaptiles: "omt" };

/** How the layers of a schema are drawn. */
export async function drawnOf(schema: Schema): Promise<Drawn> {
  const { build } = (await BUILDERS[schema]()) as { build: Build };
  return (theme, palette, language) =>
    build({
      theme: theme === "dark" ? "gray-dark" : "gray",
      colors: coloursOf(palette),
      layers: LAYERS,
      text: { language },
      sky: false,
      projection: "mercator",
      urls: { base: "http://localhost/", [URLS[schema]]: "http://localhost/" }, // neither goes into our style
    })
      .layers.filter(({ id }) => !LEFT_OUT.test(id))
      .map(adapted);
}

const ringOf = ([west, south, east, north]: Reach["bounds"]): [number, number][] => [
  [west, south],
  [east, south],
  [east, north],
  [west, north],
  [west, south],
];

/** The ground of the build as it is under an archive: its borders and countries stay, its places where the archive has
 *  none, its water and rivers only below the archive's zooms. */
function under(layer: LayerSpecification, reach: Reach): LayerSpecification {
  if (layer.type === "background" || layer.id === "world-land" || layer.id === "countries") return layer;
  const name = `${layer.id} ${"source-layer" in layer ? layer["source-layer"] : ""}`;
  if (layer.type === "line" && BORDERS.test(name)) return layer;
  if (layer.type === "symbol" && BORDERS.test(name)) return layer;
  if (layer.type === "symbol" && /place/.test(name)) {
    const polygon = { type: "Polygon" as const, coordinates: [ringOf(reach.bounds)] };
    const outside = ["any", ["<", ["zoom"], reach.minzoom], ["!", ["within", polygon]]];
    const filter = (layer.filter ? ["all", layer.filter, outside] : outside) as FilterSpecification;
    return { ...layer, filter };
  }
  const least = layer.minzoom ?? 0;
  if (reach.minzoom > least) return { ...layer, maxzoom: Math.min(layer.maxzoom ?? 24, reach.minzoom) };
  return { ...layer, layout: { ...layer.layout, visibility: "none" } };
}

/** What of the page's own an archive is drawn with: so this chunk brings nothing that the page has already. */
export interface Own {
  base: StyleSpecification;
  palette: Palette;
  firstWater: string;
  firstLabel: string;
}

/** The style of the page's ground with an archive at `url` over the build's; areas still go under `firstWater`, lines
 *  and points under `firstLabel`. */
export function ownStyle(
  url: string,
  reach: Reach,
  drawn: LayerSpecification[],
  own: Own,
): StyleSpecification {
  const { base, palette, firstWater, firstLabel } = own;
  const labels = drawn.filter(({ type }) => type === "symbol");
  const shapes = drawn.filter(({ type }) => type !== "symbol");
  const isLand = ({ id }: LayerSpecification): boolean => id.startsWith(`${OWN}-land-`);
  const extent: LayerSpecification = {
    id: EXTENT,
    type: "fill",
    source: EXTENT,
    minzoom: reach.minzoom,
    paint: { "fill-color": palette.land, "fill-antialias": false },
  };
  // Names of places go where the build's go: what comes later is written first.
  const lastPlaces = base.layers.findLast(({ id }) => id.endsWith("-places"))?.id ?? firstLabel;
  const layers = base.layers.flatMap((layer) => {
    const ours = under(layer, reach);
    if (layer.id === firstWater)
      return [extent, ...shapes.filter(isLand), ours, ...shapes.filter((one) => !isLand(one))];
    return layer.id === lastPlaces ? [ours, ...labels] : [ours];
  });
  const polygon = { type: "Polygon" as const, coordinates: [ringOf(reach.bounds)] };
  const data = { type: "Feature" as const, properties: {}, geometry: polygon };
  const sources = {
    ...base.sources,
    [OWN]: { type: "vector" as const, url: `pmtiles://${url}` },
    [EXTENT]: { type: "geojson" as const, data },
  };
  return { ...base, sources, layers };
}

function inTime<Value>(promise: Promise<Value>): Promise<Value> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]);
}

/** Where an archive has tiles. Rejects where it is away, is none, or has none of `layers`. */
export async function reachOf(archive: PMTiles, layers: ReadonlySet<string>): Promise<Reach> {
  const header = await inTime(archive.getHeader());
  const kind: number = header.tileType;
  if (kind !== MVT) throw new Error("it holds no vector tiles");
  const { vector_layers: named } = (await inTime(archive.getMetadata())) as {
    vector_layers?: { id: string }[];
  };
  if (named && !named.some(({ id }) => layers.has(id)))
    throw new Error(`its layers are ${named.map(({ id }) => id).join(", ")}`);
  const { minLon, minLat, maxLon, maxLat, minZoom } = header;
  const isSaid = minLon < maxLon && minLat < maxLat;
  return {
    bounds: isSaid ? [minLon, minLat, maxLon, maxLat] : [-180, -85.0511, 180, 85.0511],
    minzoom: minZoom,
  };
}
