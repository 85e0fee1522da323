// The rings of polygons in tile units.

/** Twice the area that a ring encloses, in square tile units. */
function twiceAreaOf(ring) {
  let twice = 0;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++)
    twice += ring[j][0] * ring[i][1] - ring[i][0] * ring[j][1];
  return Math.abs(twice);
}

const LEAST_RING = 32; // square tile units, twice; a quarter of a pixel

/**
 * A feature without its specks. Rounding to tile units can turn a speck's ring round, and a hole that runs
 * the other way is an outer ring, to which every hole after it then belongs: so England drowned in the ocean.
 */
export const withoutSpecks = (feature) =>
  feature.type === 3
    ? { ...feature, geometry: feature.geometry.filter((ring) => twiceAreaOf(ring) >= LEAST_RING) }
    : feature;
