// Boxes, areas and features of longitude and latitude in degrees (WGS 84).

/** West, south, east, north of the regions that get detail. */
export const REGIONS = [
  [20, 43, 46, 57],
  [-6, 42, 17, 54.5],
];
/** West, south, east, north of all tiles that touch a region, at the regions' lowest zoom. */
export const AROUND = [-30, 20, 70, 75];

const overlaps = (box, region) =>
  box[0] <= region[2] && box[2] >= region[0] && box[1] <= region[3] && box[3] >= region[1];
export const inRegions = (box) => REGIONS.some((region) => overlaps(box, region));
export const contains = ([lon, lat]) => inRegions([lon, lat, lon, lat]);

export function boxOf(line) {
  const box = [180, 90, -180, -90];
  for (const [lon, lat] of line) {
    if (lon < box[0]) box[0] = lon;
    if (lat < box[1]) box[1] = lat;
    if (lon > box[2]) box[2] = lon;
    if (lat > box[3]) box[3] = lat;
  }
  return box;
}

/** The corners of a box as a closed ring. */
export const ringOf = ([west, south, east, north]) => [
  [west, south],
  [east, south],
  [east, north],
  [west, north],
  [west, south],
];

/** Area in km2 of a ring, near enough to tell a pond from a lake. */
export function areaOf(ring) {
  let twice = 0;
  for (let i = 0; i + 1 < ring.length; i++)
    twice += ring[i][0] * ring[i + 1][1] - ring[i + 1][0] * ring[i][1];
  return Math.abs(twice / 2) * KM_OF_DEGREE ** 2 * Math.cos((ring[0][1] * Math.PI) / 180);
}

export const KM_OF_DEGREE = 111.2; // of latitude

/** Kilometres between two points, near enough for points near each other. */
export const kmBetween = ([x, y], [u, v]) =>
  KM_OF_DEGREE * Math.hypot((u - x) * Math.cos((y * Math.PI) / 180), v - y);

export const lengthOf = (line) =>
  line.reduce((sum, point, i) => sum + (i ? kmBetween(line[i - 1], point) : 0), 0);

export const asFeature = (geometry, properties = {}) => ({ type: "Feature", properties, geometry });
export const asCollection = (features) => ({ type: "FeatureCollection", features });
export const asLine = (coordinates, properties) => asFeature({ type: "LineString", coordinates }, properties);
export const asPoint = (coordinates, properties) => asFeature({ type: "Point", coordinates }, properties);

/** Texts by language as the properties of a label: `name` is the local one, others stand where they differ. */
export function named({ name, ...others }) {
  const labels = { name };
  for (const [language, text] of Object.entries(others))
    if (text && text !== name) labels[`name_${language}`] = text;
  return labels;
}

/** The parts of lines whose points all meet a condition. */
export function partsWhere(lines, meets) {
  const parts = [];
  for (const line of lines) {
    let part = [];
    for (const point of line) {
      if (meets(point)) {
        part.push(point);
        continue;
      }
      if (part.length > 1) parts.push(part);
      part = [];
    }
    if (part.length > 1) parts.push(part);
  }
  return parts;
}

/** The parts of lines outside the regions, where better data is drawn. */
export const outsideRegions = (lines) => partsWhere(lines, (point) => !contains(point));
