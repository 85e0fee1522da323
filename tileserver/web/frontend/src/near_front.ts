// Which pieces of land lie near the front. Where a publisher draws a border or a coast anew, land without a status comes
// and goes in strips along it, and nobody has moved; such strips lie anywhere, and gains where the front is or was.

import type { GeoJSONFeature } from "maplibre-gl";

type Place = readonly number[]; // longitude, latitude

const CELL = 0.06; // degrees; a piece is near the front where its cell or one beside it has a stretch of that
const ROW = 10_000; // more than there are cells from pole to pole

/** Squares of the map that have a stretch of the front, and those around them. */
export class FrontCells {
  private readonly cells = new Set<number>();

  constructor(lines: Iterable<Pick<GeoJSONFeature, "geometry">>) {
    const crossed = new Set<number>(); // a front has a hundred corners in each
    for (const { geometry } of lines) for (const place of placesOf(geometry)) crossed.add(cellOf(place));
    for (const cell of crossed)
      for (const x of [-1, 0, 1]) for (const y of [-1, 0, 1]) this.cells.add(cell + x * ROW + y);
  }

  /** Whether any corner of a shape is near the front. */
  has({ geometry }: Pick<GeoJSONFeature, "geometry">): boolean {
    return placesOf(geometry).some((place) => this.cells.has(cellOf(place)));
  }
}

const cellOf = ([lon = 0, lat = 0]: Place): number => Math.floor(lon / CELL) * ROW + Math.floor(lat / CELL);

function placesOf(geometry: GeoJSONFeature["geometry"]): Place[] {
  if (geometry.type === "LineString") return geometry.coordinates;
  if (geometry.type === "MultiLineString" || geometry.type === "Polygon") return geometry.coordinates.flat();
  return geometry.type === "MultiPolygon" ? geometry.coordinates.flat(2) : [];
}
