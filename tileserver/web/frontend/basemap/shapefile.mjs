// Read lines of an ESRI shapefile with the texts of their dBASE table.

import { readFileSync } from "node:fs";

const HEADER = 100,
  LINES = 3; // bytes; the shape type PolyLine

/** Rows of a dBASE table: [{field: text}], decoded by `encoding`. */
function rowsOf(path, encoding) {
  const bytes = readFileSync(path);
  const text = new TextDecoder(encoding);
  const count = bytes.readUInt32LE(4),
    start = bytes.readUInt16LE(8),
    length = bytes.readUInt16LE(10);
  const fields = [];
  let offset = 1; // the first byte of a row says whether it is deleted
  for (let at = 32; bytes[at] !== 0x0d; at += 32) {
    const name = bytes.toString("latin1", at, at + 11).replace(/\0.*$/, "");
    fields.push({ name, offset, end: offset + bytes[at + 16] });
    offset += bytes[at + 16];
  }
  return Array.from({ length: count }, (_, i) => {
    const row = bytes.subarray(start + i * length, start + (i + 1) * length);
    return Object.fromEntries(
      fields.map((one) => [one.name, text.decode(row.subarray(one.offset, one.end)).trim()]),
    );
  });
}

/** The parts of the line that begins at byte `at`: [[longitude, latitude]] in degrees each. */
function partsOf(bytes, at) {
  const count = bytes.readUInt32LE(at + 36),
    points = bytes.readUInt32LE(at + 40),
    first = at + 44 + 4 * count;
  const starts = Array.from({ length: count }, (_, i) => bytes.readUInt32LE(at + 44 + 4 * i));
  return starts.map((start, i) => {
    const line = [];
    for (let k = start; k < (starts[i + 1] ?? points); k++)
      line.push([bytes.readDoubleLE(first + 16 * k), bytes.readDoubleLE(first + 16 * k + 8)]);
    return line;
  });
}

/** Every line of the shapefile `path` (without its ending): [{properties, lines}]. */
export function readLines(path, encoding) {
  const bytes = readFileSync(`${path}.shp`);
  const found = [];
  const rows = rowsOf(`${path}.dbf`, encoding);
  for (let at = HEADER, i = 0; at < bytes.length; i++) {
    const content = at + 8;
    if (bytes.readUInt32LE(content) === LINES)
      found.push({ properties: rows[i], lines: partsOf(bytes, content) });
    at = content + 2 * bytes.readUInt32BE(at + 4);
  }
  return found;
}
