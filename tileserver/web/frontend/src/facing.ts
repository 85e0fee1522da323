// Lines of a front, turned so that the land of its side lies on their right. As they are served they run from west to
// east, whoever is where; but they run along edges of the areas of the same tile, and around a polygon of a vector
// tile its land is always on the right (MVT 2.1, 4.3.3.3: exterior rings have a positive area, and y points down).
// Done in the map's worker, before it reads the tile; a tile that says nothing of it is left as it is.

import { PbfReader, PbfWriter } from "pbf";

/** Which layer is the front, which layer it is the edge of, and the statuses of the front's side, with the property that
 *  has them. */
export interface Facing {
  front: string;
  areas: string;
  property: string;
  ours: readonly string[];
}

type Point = readonly [x: number, y: number];
/** A line of a feature; `votes` is by how many more of its edges it has the land on its right than on its left. */
interface Part {
  points: Point[];
  votes: number;
}
interface Layer {
  start: number; // of its bytes in the tile, with the tag
  inside: number; // where its content starts
  end: number;
  name: string;
  features: [start: number, end: number][];
  keys: string[];
  values: string[]; // the texts among its values; others are ""
}

const [LAYER, NAME, FEATURE, KEY, VALUE] = [3, 1, 2, 3, 4];
const [TAGS, GEOMETRY] = [2, 4];
const TEXT = 1; // of a value
const [MOVE, LINE, CLOSE] = [1, 2, 7]; // MVT 2.1, 4.3.3
const OFFSET = 1024, // coordinates may be less than 0, in the buffer
  SPAN = 8192; // two of them twice are a number that a double holds exactly

/** The tile with the front's lines turned; the same bytes where there is nothing to turn. */
export function faced(bytes: Uint8Array, facing: Facing): Uint8Array {
  const layers = layersIn(bytes);
  const front = layers.find(({ name }) => name === facing.front),
    areas = layers.find(({ name }) => name === facing.areas);
  if (!front || !areas) return bytes;
  const features = front.features.map(([start, end]) => linesOf(geometryIn(bytes, start, end)));
  const edges = new Map<number, Part[]>();
  for (const part of features.flat())
    for (const [from, to] of pairs(part.points)) enter(edges, from, to, part);
  for (const [start, end] of areas.features)
    if (isHeld(bytes, start, end, areas, facing)) vote(edges, geometryIn(bytes, start, end));
  if (!features.flat().some(({ votes }) => votes < 0)) return bytes;
  return withFeatures(bytes, front, features);
}

const keyOf = (from: Point, to: Point): number =>
  (((from[0] + OFFSET) * SPAN + from[1] + OFFSET) * SPAN + to[0] + OFFSET) * SPAN + to[1] + OFFSET;

function* pairs(points: readonly Point[]): Generator<[Point, Point]> {
  for (let i = 1; i < points.length; i++) yield [points[i - 1]!, points[i]!];
}

function enter(edges: Map<number, Part[]>, from: Point, to: Point, part: Part): void {
  const there = edges.get(keyOf(from, to));
  if (there) there.push(part);
  else edges.set(keyOf(from, to), [part]);
}

function vote(edges: ReadonlyMap<number, Part[]>, rings: Point[][]): void {
  for (const ring of rings)
    for (const [from, to] of pairs(ring)) {
      for (const part of edges.get(keyOf(from, to)) ?? []) part.votes += 1;
      for (const part of edges.get(keyOf(to, from)) ?? []) part.votes -= 1;
    }
}

function layersIn(bytes: Uint8Array): Layer[] {
  const found: Layer[] = [];
  const tile = new PbfReader(bytes);
  while (tile.pos < tile.length) {
    const start = tile.pos;
    const tag = tile.readVarint();
    if (tag >> 3 !== LAYER) {
      tile.skip(tag);
      continue;
    }
    const end = tile.readVarint() + tile.pos;
    found.push(layerIn(tile, start, end));
    tile.pos = end;
  }
  return found;
}

function layerIn(tile: PbfReader, start: number, end: number): Layer {
  const layer: Layer = { start, inside: tile.pos, end, name: "", features: [], keys: [], values: [] };
  while (tile.pos < end) {
    const tag = tile.readVarint();
    if (tag >> 3 === NAME) layer.name = tile.readString();
    else if (tag >> 3 === KEY) layer.keys.push(tile.readString());
    else if (tag >> 3 === VALUE) layer.values.push(textIn(tile, tile.readVarint() + tile.pos));
    else if (tag >> 3 === FEATURE) {
      const own = tile.readVarint();
      layer.features.push([tile.pos, tile.pos + own]);
      tile.pos += own;
    } else tile.skip(tag);
  }
  return layer;
}

function textIn(tile: PbfReader, end: number): string {
  let text = "";
  while (tile.pos < end) {
    const tag = tile.readVarint();
    if (tag >> 3 === TEXT) text = tile.readString();
    else tile.skip(tag);
  }
  return text;
}

function isHeld(bytes: Uint8Array, start: number, end: number, layer: Layer, facing: Facing): boolean {
  const feature = new PbfReader(bytes.subarray(start, end));
  while (feature.pos < feature.length) {
    const tag = feature.readVarint();
    if (tag >> 3 !== TAGS) {
      feature.skip(tag);
      continue;
    }
    for (const last = feature.readVarint() + feature.pos; feature.pos < last;) {
      const [key, value] = [feature.readVarint(), feature.readVarint()];
      if (layer.keys[key] === facing.property && facing.ours.includes(layer.values[value] ?? "")) return true;
    }
  }
  return false;
}

/** The lines or rings of a feature; a ring ends where it began. */
function geometryIn(bytes: Uint8Array, start: number, end: number): Point[][] {
  const feature = new PbfReader(bytes.subarray(start, end));
  const lines: Point[][] = [];
  while (feature.pos < feature.length) {
    const tag = feature.readVarint();
    if (tag >> 3 === GEOMETRY) decode(feature, feature.readVarint() + feature.pos, lines);
    else feature.skip(tag);
  }
  return lines;
}

function decode(feature: PbfReader, end: number, lines: Point[][]): void {
  let [x, y] = [0, 0];
  while (feature.pos < end) {
    const command = feature.readVarint();
    for (let count = command >> 3; count > 0; count--) {
      const line = lines.at(-1);
      if ((command & 7) === CLOSE) {
        if (line?.[0]) line.push(line[0]);
        continue;
      }
      x += feature.readSVarint();
      y += feature.readSVarint();
      if ((command & 7) === MOVE || !line) lines.push([[x, y]]);
      else line.push([x, y]);
    }
  }
}

const linesOf = (lines: Point[][]): Part[] => lines.map((points) => ({ points, votes: 0 }));

/** The tile with other lines in the features of a layer; all else is copied as it is. */
function withFeatures(bytes: Uint8Array, layer: Layer, features: readonly Part[][]): Uint8Array {
  const tile = new PbfWriter();
  raw(tile, bytes.subarray(0, layer.start));
  const own = copied(bytes.subarray(layer.inside, layer.end), FEATURE, (feature, i) =>
    copied(feature, GEOMETRY, () => encoded(features[i] ?? [])),
  );
  tile.writeBytesField(LAYER, own);
  raw(tile, bytes.subarray(layer.end));
  return tile.finish();
}

/** A message with another content in each of its fields of a number, which are of bytes. */
function copied(
  message: Uint8Array,
  field: number,
  replaced: (content: Uint8Array, i: number) => Uint8Array,
): Uint8Array {
  const read = new PbfReader(message),
    written = new PbfWriter();
  let count = 0;
  while (read.pos < read.length) {
    const start = read.pos;
    const tag = read.readVarint();
    if (tag >> 3 === field) written.writeBytesField(field, replaced(read.readBytes(), count++));
    else {
      read.skip(tag);
      raw(written, message.subarray(start, read.pos));
    }
  }
  return written.finish();
}

function raw(written: PbfWriter, bytes: Uint8Array): void {
  written.realloc(bytes.length);
  written.buf.set(bytes, written.pos);
  written.pos += bytes.length;
}

function encoded(parts: readonly Part[]): Uint8Array {
  const commands = new PbfWriter();
  let [x, y] = [0, 0];
  const step = (to: Point): void => {
    commands.writeSVarint(to[0] - x);
    commands.writeSVarint(to[1] - y);
    [x, y] = to;
  };
  for (const { points, votes } of parts) {
    const [first, ...rest] = votes < 0 ? points.toReversed() : points;
    if (!first) continue;
    commands.writeVarint((1 << 3) | MOVE);
    step(first);
    commands.writeVarint((rest.length << 3) | LINE);
    rest.forEach(step);
  }
  return commands.finish();
}
