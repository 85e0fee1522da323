// Cut rings of longitude and latitude (degrees), each closed, by lines along a meridian or a parallel.

/** The part of a ring on one side of the line where coordinate `axis` is `value`; `sign` 1 keeps what is greater. */
export function halfOf(ring, axis, value, sign) {
  const kept = [];
  const within = (point) => sign * (point[axis] - value) >= 0;
  for (let i = 0; i + 1 < ring.length; i++) {
    const [a, b] = [ring[i], ring[i + 1]];
    if (within(a)) kept.push(a);
    if (within(a) === within(b)) continue;
    const share = (value - a[axis]) / (b[axis] - a[axis]);
    kept.push([a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])]);
  }
  if (kept.length > 0) kept.push(kept[0]);
  return kept;
}

/** The part of a ring within a box of west, south, east, north. */
export const clipped = (ring, [west, south, east, north]) =>
  [
    [0, west, 1],
    [1, south, 1],
    [0, east, -1],
    [1, north, -1],
  ].reduce((part, [axis, value, sign]) => halfOf(part, axis, value, sign), ring);

/** Is a point inside a ring? */
export function inRing([lon, lat], ring) {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [[x, y], [u, v]] = [ring[i], ring[j]];
    if (y > lat !== v > lat && lon < ((u - x) * (lat - y)) / (v - y) + x) inside = !inside;
  }
  return inside;
}
