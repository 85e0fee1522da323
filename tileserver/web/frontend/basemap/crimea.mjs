// Crimea is Ukraine (UN General Assembly resolution 68/262). Neither source draws it so: Natural Earth has
// the peninsula in Russia alone, the OpenStreetMap extract has it in both. In both it is a polygon of its own,
// because only the isthmus of Perekop joins it to land: so whole polygons move, and no line is ever cut.

export const UKRAINE = "804";
export const RUSSIA = "643";

const WEST = 32.3,
  SOUTH = 44.2,
  EAST = 36.7,
  NORTH = 46.3; // degrees; holds the peninsula and nothing of Russia

/** Does this ring (longitude and latitude, degrees) lie within the peninsula's box? */
export function inCrimea(ring) {
  return ring.every(([lon, lat]) => lon > WEST && lon < EAST && lat > SOUTH && lat < NORTH);
}

/** Move, in place, the polygons of a TopoJSON country collection that lie in Crimea from Russia to Ukraine. */
export function moveCrimeaInTopology(collection, ringOf) {
  const russia = collection.geometries.find((country) => country.id === RUSSIA);
  const ukraine = collection.geometries.find((country) => country.id === UKRAINE);
  const moved = russia.arcs.filter((polygon) => inCrimea(ringOf(polygon[0])));
  if (moved.length === 0)
    throw new Error("Natural Earth: no polygon of Russia lies in Crimea; has the source changed?");
  russia.arcs = russia.arcs.filter((polygon) => !moved.includes(polygon));
  const own = ukraine.type === "Polygon" ? [ukraine.arcs] : ukraine.arcs;
  ukraine.type = "MultiPolygon";
  ukraine.arcs = [...own, ...moved];
}

/** The polygons of Russia without those in Crimea, which Ukraine's geometry holds already. */
export function withoutCrimea(polygons) {
  const kept = polygons.filter((polygon) => !inCrimea(polygon[0]));
  if (kept.length === polygons.length)
    throw new Error("geo-maps: no polygon of Russia lies in Crimea; has the source changed?");
  return kept;
}
