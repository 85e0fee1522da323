// Build what MapLibre Native asks of a server besides tiles: ranges of glyphs as signed distances, and a sprite.
//
// Into ../static/fonts/{font}/{range}.pbf and ../static/sprites/signs{,@2x}.{json,png}. Ranges in which the
// typeface has no glyph are not written: the server answers them with none.

import { createRequire } from "node:module";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { crc32, deflateSync } from "node:zlib";

const OUT = new URL("../static/", import.meta.url);
const FONTS = { "Fira Sans Regular": "400Regular/FiraSans_400Regular.ttf" };
const PACKAGES = ["fontnik", "@expo-google-fonts/fira-sans"];
const RANGE = 256;
const INK = [0x19, 0x17, 0x13];
const SIDE = 8; // of a sign, in units of the style

/** Whether a pixel of a sign has ink; positions are in units of the style, and the sign repeats every SIDE. */
const SIGNS = {
  dots: (x, y) => Math.hypot(x - SIDE / 2, y - SIDE / 2) < 1.2,
  hatch: (x, y) => (x + y) % SIDE < 1.5,
};
const STRENGTH = { dots: 150, hatch: 110 }; // opacity of ink, of 255

const require = createRequire(import.meta.url);
const folderOf = (name) => new URL(`node_modules/${name}/`, import.meta.url);

/** Write both, unless the files there are of the same versions and of this script. */
export async function buildGlyphs() {
  const versions = PACKAGES.map((name) => readFileSync(new URL("package.json", folderOf(name)), "utf8"));
  const stamp = crc32([readFileSync(new URL(import.meta.url)), ...versions].join()).toString(16);
  const stamped = new URL("fonts/.stamp", OUT);
  if (existsSync(stamped) && readFileSync(stamped, "utf8") === stamp) return;
  for (const folder of ["fonts/", "sprites/"]) rmSync(new URL(folder, OUT), { recursive: true, force: true });
  for (const [font, file] of Object.entries(FONTS)) await writeRanges(font, file);
  copyFileSync(new URL("LICENSE_FONT", folderOf(PACKAGES[1])), new URL("fonts/OFL.txt", OUT));
  mkdirSync(new URL("sprites/", OUT));
  for (const ratio of [1, 2]) writeSprite(ratio);
  writeFileSync(stamped, stamp);
}

async function writeRanges(font, file) {
  const fontnik = require("fontnik");
  const data = readFileSync(new URL(file, folderOf(PACKAGES[1])));
  const folder = new URL(`fonts/${encodeURIComponent(font)}/`, OUT);
  mkdirSync(folder, { recursive: true });
  const [face] = await promisify(fontnik.load)(data);
  for (const first of new Set(face.points.map((point) => point - (point % RANGE)))) {
    const end = first + RANGE - 1;
    const packed = await promisify(fontnik.range)({ font: data, start: first, end });
    writeFileSync(new URL(`${first}-${end}.pbf`, folder), packed);
  }
}

function writeSprite(ratio) {
  const suffix = ratio === 1 ? "" : `@${ratio}x`;
  const side = SIDE * ratio;
  const names = Object.keys(SIGNS);
  const index = Object.fromEntries(
    names.map((name, at) => [name, { x: at * side, y: 0, width: side, height: side, pixelRatio: ratio }]),
  );
  const rows = Buffer.alloc(side * (1 + names.length * side * 4)); // a filter byte before each row
  names.forEach((name, at) => {
    for (let y = 0; y < side; y += 1)
      for (let x = 0; x < side; x += 1) {
        const pixel = [...INK, Math.round(STRENGTH[name] * share(SIGNS[name], x, y, ratio))];
        rows.set(pixel, y * (1 + names.length * side * 4) + 1 + (at * side + x) * 4);
      }
  });
  writeFileSync(new URL(`sprites/signs${suffix}.json`, OUT), JSON.stringify(index));
  writeFileSync(new URL(`sprites/signs${suffix}.png`, OUT), png(names.length * side, side, rows));
}

/** How much of the pixel a sign covers, 0 to 1. */
function share(inked, x, y, ratio) {
  const parts = [1 / 8, 3 / 8, 5 / 8, 7 / 8];
  const hit = parts.flatMap((dy) => parts.filter((dx) => inked((x + dx) / ratio, (y + dy) / ratio)));
  return hit.length / parts.length ** 2;
}

/** A PNG (ISO 15948) of 8 bits a channel with alpha; `rows` each begin with their filter. */
function png(width, height, rows) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
