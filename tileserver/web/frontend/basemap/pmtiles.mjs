// Write one PMTiles archive, version 3 (https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md).

import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { zxyToTileId } from "pmtiles";

const HEADER_BYTES = 127;
const ROOT_LIMIT = 16384 - HEADER_BYTES; // spec 4: header and root directory lie in the first 16 KiB
const GZIP = 2,
  MVT = 1;

function writeVarint(out, value) {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest % 0x80) | 0x80);
  out.push(rest);
}

/** Spec 4.2: counts, then id deltas, run lengths, lengths and offsets, column by column; gzipped. */
function directory(entries) {
  const out = [];
  writeVarint(out, entries.length);
  let last = 0;
  for (const entry of entries) {
    writeVarint(out, entry.id - last);
    last = entry.id;
  }
  for (const entry of entries) writeVarint(out, entry.run);
  for (const entry of entries) writeVarint(out, entry.length);
  entries.forEach((entry, i) => {
    const before = entries[i - 1];
    writeVarint(out, before && entry.offset === before.offset + before.length ? 0 : entry.offset + 1);
  });
  return gzipSync(Uint8Array.from(out));
}

/** Split into leaf directories only where the root would not fit. */
function directories(entries) {
  const whole = directory(entries);
  if (whole.length <= ROOT_LIMIT) return { root: whole, leaves: Buffer.alloc(0) };
  const roots = [],
    leaves = [];
  let offset = 0;
  for (let i = 0; i < entries.length; i += 2048) {
    const leaf = directory(entries.slice(i, i + 2048));
    roots.push({ id: entries[i].id, run: 0, length: leaf.length, offset });
    leaves.push(leaf);
    offset += leaf.length;
  }
  return { root: directory(roots), leaves: Buffer.concat(leaves) };
}

/** Tiles are [{z, x, y, data}] with plain MVT bytes; equal ones are stored once. */
function layOut(tiles) {
  const entries = [],
    chunks = [],
    seen = new Map();
  let end = 0;
  const addressed = tiles
    .map((tile) => ({ ...tile, id: zxyToTileId(tile.z, tile.x, tile.y) }))
    .sort((a, b) => a.id - b.id);
  for (const { id, data } of addressed) {
    const key = createHash("sha256").update(data).digest("base64");
    if (!seen.has(key)) {
      const packed = gzipSync(data, { level: 9 });
      seen.set(key, { offset: end, length: packed.length });
      chunks.push(packed);
      end += packed.length;
    }
    const place = seen.get(key),
      before = entries.at(-1);
    if (before && before.offset === place.offset && before.id + before.run === id) before.run += 1;
    else entries.push({ id, run: 1, ...place });
  }
  return { entries, data: Buffer.concat(chunks), distinct: seen.size };
}

/** The archive's bytes. `bounds` is west, south, east, north in degrees. */
export function archive(tiles, { minzoom, maxzoom, bounds, metadata }) {
  const { entries, data, distinct } = layOut(tiles);
  const { root, leaves } = directories(entries);
  const described = gzipSync(JSON.stringify(metadata));
  const header = Buffer.alloc(HEADER_BYTES);
  header.write("PMTiles", 0, "latin1");
  header[7] = 3;
  let offset = HEADER_BYTES;
  [root, described, leaves, data].forEach((section, i) => {
    header.writeBigUInt64LE(BigInt(offset), 8 + 16 * i);
    header.writeBigUInt64LE(BigInt(section.length), 16 + 16 * i);
    offset += section.length;
  });
  [tiles.length, entries.length, distinct].forEach((count, i) =>
    header.writeBigUInt64LE(BigInt(count), 72 + 8 * i),
  );
  header.set([1, GZIP, GZIP, MVT, minzoom, maxzoom], 96); // clustered, internal and tile compression, type, zooms
  bounds.forEach((degrees, i) => header.writeInt32LE(Math.round(degrees * 1e7), 102 + 4 * i));
  header[118] = minzoom;
  return Buffer.concat([header, root, described, leaves, data]);
}
