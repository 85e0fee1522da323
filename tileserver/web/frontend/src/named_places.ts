// The desk's own places and those that public events name, as labels over the base map's.

import type { GeoJSONSource } from "maplibre-gl";
import { FIRST_GREAT_CITY, PLACE_IMAGES, paletteOf, type Theme } from "./basemap";
import type { LonLat } from "./geodesy";
import type { Map as MapLibre } from "./maplibre";
import type { Place } from "./place_index";
import { ask } from "./served";
import { isAlike, plain } from "./spelling";

const SOURCE = "named-places";
const GROUND: readonly string[] = ["world", "regions"]; // sources of the base map

/** The document of `/tilesets/{theatre}/places`. */
export type NamedPlaces = GeoJSON.FeatureCollection<GeoJSON.Point, Record<string, string | number>>;
const LEAST_ZOOM = 5;
const namesOf = (properties: Record<string, unknown> | null): string[] =>
  Object.entries(properties ?? {})
    .filter(([key]) => /^name(_|$)/.test(key))
    .map(([, name]) => plain(String(name)));
const NEAR = [0.12, 0.08] as const; // degrees, some ten kilometres
const AROUND = [-1, 0, 1].flatMap((right) => [-1, 0, 1].map((up) => [right, up] as const));
/** The cell of degrees of a point, or one beside it. */
const cellOf = ([lon, lat]: LonLat, right: number, up: number): string =>
  `${Math.floor(lon / NEAR[0]) + right},${Math.floor(lat / NEAR[1]) + up}`;
const NONE: NamedPlaces = { type: "FeatureCollection", features: [] };

/** The places of the document as the search knows places. */
export const placesOf = ({ features }: NamedPlaces): Place[] =>
  features.map(({ geometry, properties }) => ({
    names: Object.fromEntries(
      Object.entries(properties)
        .filter(([key]) => /^name(_|$)/.test(key))
        .map(([key, name]) => [key.slice(5), String(name)]),
    ),
    zoom: Number(properties["zoom"]),
    at: [geometry.coordinates[0]!, geometry.coordinates[1]!],
    kind: "place",
  }));

/** The labels of named places in a map. */
export class NamedPlacesOnMap {
  private data = NONE;
  private known: ReadonlySet<number> = new Set(); // numbers of those that the base map has
  private serial = 0;
  private hasStyle = false; // of which layers can be made
  private isStale = true; // whether the base map may write what it did not when it was asked last

  constructor(
    private readonly map: MapLibre,
    private readonly language: string,
    private readonly theme: () => Theme,
  ) {
    map.on("style.load", () => {
      this.hasStyle = true;
      this.draw();
    });
    map.on("webglcontextlost", () => (this.hasStyle = false));
    map.on("moveend", () => (this.isStale = true));
    map.on("sourcedata", ({ sourceId }) => (this.isStale ||= GROUND.includes(sourceId)));
    map.on("idle", () => this.leaveKnown());
  }

  /** The places that are there. */
  get all(): Place[] {
    return placesOf(this.data);
  }

  /** Show those of a theatre; without an answer none, for nothing else depends on them. */
  async open(theatre: string): Promise<void> {
    const serial = ++this.serial;
    const answer = await ask(`tilesets/${theatre}/places`).catch(() => null);
    const data = answer?.ok ? ((await answer.json().catch(() => NONE)) as NamedPlaces) : NONE;
    if (serial !== this.serial) return;
    this.data = data;
    this.known = new Set();
    this.isStale = true;
    this.draw();
  }

  /** Leave out what the base map of this view writes itself, within some ten kilometres: by the very name, or where
   *  an event names the place, by one that is alike. */
  private leaveKnown(): void {
    if (!this.isStale || this.data.features.length === 0 || this.map.getZoom() < LEAST_ZOOM) return;
    this.isStale = false;
    const written = new Map<string, { names: string[]; at: LonLat }[]>();
    for (const source of GROUND)
      for (const { properties, geometry } of this.map.querySourceFeatures(source, { sourceLayer: "place" })) {
        if (geometry.type !== "Point") continue;
        const at = geometry.coordinates as LonLat,
          cell = cellOf(at, 0, 0);
        written.set(cell, [...(written.get(cell) ?? []), { names: namesOf(properties), at }]);
      }
    const isWritten = ({ geometry, properties }: NamedPlaces["features"][number]): boolean => {
      const own = geometry.coordinates as LonLat;
      const near = AROUND.flatMap(([right, up]) => written.get(cellOf(own, right, up)) ?? []).filter(
        ({ at: [lon, lat] }) => Math.abs(lon - own[0]) < NEAR[0] && Math.abs(lat - own[1]) < NEAR[1],
      );
      const same = properties["by"] === "data" ? isAlike : Object.is;
      return (
        near.length > 0 &&
        namesOf(properties).some((name) => near.some(({ names }) => names.some((other) => same(name, other))))
      );
    };
    const found = this.data.features.flatMap((one, i) => (!this.known.has(i) && isWritten(one) ? [i] : []));
    const known = new Set([...this.known, ...found]);
    if (known.size === this.known.size) return;
    this.known = known;
    this.draw();
  }

  /** Take the colours of the theme. */
  draw(): void {
    if (!this.hasStyle) return;
    const { map, known } = this;
    const data = { ...this.data, features: this.data.features.filter((_, i) => !known.has(i)) };
    const source = map.getSource<GeoJSONSource>(SOURCE);
    if (source) void source.setData(data);
    else if (data.features.length === 0) return;
    else map.addSource(SOURCE, { type: "geojson", data });
    const colours = paletteOf(this.theme());
    if (map.getLayer(SOURCE)) {
      map.setPaintProperty(SOURCE, "text-color", colours.label);
      map.setPaintProperty(SOURCE, "text-halo-color", colours.labelHalo);
      return;
    }
    map.addLayer(
      {
        id: SOURCE,
        type: "symbol",
        source: SOURCE,
        minzoom: LEAST_ZOOM,
        filter: ["<=", ["get", "zoom"], ["zoom"]],
        layout: {
          "text-field": [
            "coalesce",
            ["get", `name_${this.language}`],
            ["get", "name"],
            ["get", "name_en"],
            ["get", "name_uk"],
          ],
          "icon-image": PLACE_IMAGES[0],
          "icon-padding": 0, // one does not stand without the other
          "text-font": ["system-ui"],
          "text-size": 11.5,
          "text-max-width": 8,
          "text-padding": 4,
          "symbol-sort-key": ["get", "zoom"],
          "text-variable-anchor": ["left", "right", "top", "bottom"],
          "text-radial-offset": 0.5,
        },
        paint: {
          "text-color": colours.label,
          "text-halo-color": colours.labelHalo,
          "text-halo-width": 1.5,
          "text-halo-blur": 0.3,
        },
      },
      FIRST_GREAT_CITY,
    );
  }
}
