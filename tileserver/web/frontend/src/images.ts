// Small pictures drawn here: patterns of the areas, shapes of the events. Used by the map and by the legend.

import type { Map as MapLibre } from "maplibre-gl";
import { PLACE_IMAGES, paletteOf, type Theme } from "./basemap";
import type { TileJson } from "./catalogue";
import { comparisonImages } from "./comparison_layers";
import { BOX_IMAGE, arrowheadImage, colourOf, patternImage, shapeImage, toothImage } from "./style_layers";

/** Pixels of an image for one of the page. */
export const IMAGE_RATIO = 2;
const RATIO = IMAGE_RATIO;
type Painter = (context: CanvasRenderingContext2D, size: number) => void;

function draw(size: number, paint: Painter, height = size): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = size * RATIO;
  canvas.height = height * RATIO;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no 2D canvas");
  context.scale(RATIO, RATIO);
  paint(context, size);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** Rising lines of a width in px, drawn so many px beyond the image's edge that they meet in the next one. */
function diagonals(context: CanvasRenderingContext2D, size: number, width: number, beyond: number): void {
  context.lineWidth = width;
  context.beginPath();
  for (const shift of [-size, 0, size]) {
    context.moveTo(shift - beyond, size + beyond);
    context.lineTo(shift + size + beyond, -beyond);
  }
  context.stroke();
}

const hatch =
  (colour: string): Painter =>
  (context, size) => {
    context.strokeStyle = colour;
    diagonals(context, size, 1.3, 1);
  };

/** Bold stripes that rise or fall, told apart from each other and from a hatched status. */
const stripes =
  (colour: string, falls: boolean): Painter =>
  (context, size) => {
    if (falls) {
      context.translate(size, 0);
      context.scale(-1, 1);
    }
    context.strokeStyle = colour;
    diagonals(context, size, 2.6, 2);
  };

/** Fine lines that fall, far apart: a texture for what is not to draw the eye. */
const wash =
  (colour: string): Painter =>
  (context, size) => {
    context.translate(size, 0);
    context.scale(-1, 1);
    context.strokeStyle = colour;
    context.globalAlpha = 0.55;
    diagonals(context, size, 0.7, 1);
  };

/** A tooth, its foot at the top. */
const tooth =
  (colour: string, casing: string): Painter =>
  (context, size) => {
    const middle = size / 2;
    const legs = (from: number): void => {
      context.beginPath();
      context.moveTo(middle - 4.6, from);
      context.lineTo(middle, 8.4);
      context.lineTo(middle + 4.6, from);
    };
    context.lineJoin = "round";
    legs(1.4); // what is above is on the line itself
    context.strokeStyle = casing;
    context.lineWidth = 2;
    context.stroke();
    legs(0);
    context.fillStyle = colour;
    context.fill();
  };

/** The head of an arrow that points north, its point a little above the middle. */
const arrowhead =
  (colour: string, casing: string): Painter =>
  (context, size) => {
    context.lineJoin = "round";
    context.beginPath();
    context.moveTo(size / 2, 2);
    context.lineTo(size - 4, size * 0.68);
    context.lineTo(4, size * 0.68);
    context.closePath();
    context.strokeStyle = casing;
    context.lineWidth = 2.4;
    context.stroke();
    context.fillStyle = colour;
    context.fill();
  };

/** A box for words, to be stretched between its corners. */
const box =
  (paper: string, edge: string): Painter =>
  (context, size) => {
    context.beginPath();
    context.roundRect(1, 1, size - 2, size - 2, 3);
    context.fillStyle = paper;
    context.fill();
    context.strokeStyle = edge;
    context.lineWidth = 0.75;
    context.stroke();
  };
const CORNER = 5; // px that are not stretched

const dots =
  (colour: string): Painter =>
  (context, size) => {
    context.fillStyle = colour;
    for (const [x, y] of [
      [size / 4, size / 4],
      [(size * 3) / 4, (size * 3) / 4],
    ] as const) {
      context.beginPath();
      context.arc(x, y, 1.15, 0, 2 * Math.PI);
      context.fill();
    }
  };

/** Circle, diamond, triangle, square, cross, triangle upside down, hexagon, bar: told apart without colour. */
const OUTLINES: [number, number][][] = [
  [],
  [
    [0, -1.12],
    [1.12, 0],
    [0, 1.12],
    [-1.12, 0],
  ],
  [
    [0, -1.1],
    [1.08, 0.8],
    [-1.08, 0.8],
  ],
  [
    [-0.86, -0.86],
    [0.86, -0.86],
    [0.86, 0.86],
    [-0.86, 0.86],
  ],
  [
    [-0.4, -1.1],
    [0.4, -1.1],
    [0.4, -0.4],
    [1.1, -0.4],
    [1.1, 0.4],
    [0.4, 0.4],
    [0.4, 1.1],
    [-0.4, 1.1],
    [-0.4, 0.4],
    [-1.1, 0.4],
    [-1.1, -0.4],
    [-0.4, -0.4],
  ],
  [
    [0, 1.1],
    [-1.08, -0.8],
    [1.08, -0.8],
  ],
  [
    [0.55, -0.95],
    [1.1, 0],
    [0.55, 0.95],
    [-0.55, 0.95],
    [-1.1, 0],
    [-0.55, -0.95],
  ],
  [
    [-1.15, -0.5],
    [1.15, -0.5],
    [1.15, 0.5],
    [-1.15, 0.5],
  ],
];

function shape(index: number, fill: string, stroke: string): Painter {
  return (context, size) => {
    const centre = size / 2,
      radius = size * 0.31;
    context.beginPath();
    const outline = OUTLINES[index] ?? [];
    if (outline.length === 0) context.arc(centre, centre, radius, 0, 2 * Math.PI);
    outline.forEach(([x, y]) => context.lineTo(centre + x * radius, centre + y * radius));
    context.closePath();
    context.lineJoin = "round";
    context.lineWidth = 2.6;
    context.strokeStyle = stroke;
    context.stroke();
    context.fillStyle = fill;
    context.fill();
  };
}

function dot(radius: number, theme: Theme): ImageData {
  const palette = paletteOf(theme);
  return draw(12, (context, size) => {
    for (const [colour, larger] of [
      [palette.labelHalo, 1.2],
      [palette.label, 0],
    ] as const) {
      context.fillStyle = colour;
      context.beginPath();
      context.arc(size / 2, size / 2, radius + larger, 0, 2 * Math.PI);
      context.fill();
    }
  });
}

/** Give the map the dots of places, or those of another theme instead. */
export function setPlaceImages(map: MapLibre, theme: Theme): void {
  PLACE_IMAGES.forEach((name, i) => {
    const image = dot(i === 1 ? 3 : 1.8, theme);
    if (map.hasImage(name)) map.updateImage(name, image);
    else map.addImage(name, image, { pixelRatio: RATIO });
  });
}

/** The image that a name stands for (see `patternImage` and `shapeImage`). */
export function imageOf(name: string): ImageData {
  const [kind = "", colour = "#888888", theme = "light"] = name.split(":");
  if (kind === "hatch") return draw(6, hatch(colour));
  if (kind === "rising" || kind === "falling") return draw(9, stripes(colour, kind === "falling"));
  if (kind === "pale") return draw(10, wash(colour));
  if (kind === "arrowhead") return draw(20, arrowhead(colour, paletteOf(theme as Theme).casing));
  if (kind === BOX_IMAGE) {
    const palette = paletteOf(colour as Theme);
    return draw(4 * CORNER, box(palette.casing, palette.label));
  }
  if (kind === "teeth") return draw(12, tooth(colour, paletteOf(theme as Theme).casing), 11);
  if (kind === "dots") return draw(8, dots(colour));
  if (kind === "note") {
    const palette = paletteOf(colour as Theme);
    return draw(20, (context) => {
      context.fillStyle = palette.casing;
      context.fillRect(0, 0, 20, 20);
      context.fillStyle = palette.note;
      context.fillRect(1.5, 1.5, 17, 17);
    });
  }
  return draw(16, shape(Number(kind.slice(-1)), colour, paletteOf(theme as Theme).eventCasing));
}

/** What of a TileJSON names images. */
export type Legends = Pick<TileJson, "drawn" | "legend">;

/** Give the map every image that the theatre's style names. */
export function addImages(map: MapLibre, { drawn, legend }: Legends, theme: Theme): void {
  const patterns = drawn
    .filter(({ role }) => role === "areas" || role === "overlay")
    .flatMap((layer) => layer.legend)
    .filter((one) => one.pattern !== "none")
    .map((one) => patternImage(one, theme));
  const shapes = drawn
    .filter(({ role }) => role === "events")
    .flatMap((layer) => layer.legend.map((one, i) => shapeImage(one, layer.shape + i, theme)));
  const fronts = drawn
    .filter(({ role }) => role === "front")
    .map(({ legend: [own] }) => toothImage(own ? colourOf(own, theme) : paletteOf(theme).frontline, theme));
  const heads = [paletteOf(theme).note, ...(legend.areas ?? []).map((one) => colourOf(one, theme))].map(
    (colour) => arrowheadImage(colour, theme),
  );
  const changes = comparisonImages(legend.areas ?? [], theme);
  for (const name of [
    ...patterns,
    ...shapes,
    ...changes,
    ...fronts,
    ...heads,
    shapeImage(undefined, 0, theme),
    shapeImage(undefined, 3, theme),
    `note:${theme}`,
  ]) {
    if (!map.hasImage(name)) map.addImage(name, imageOf(name), { pixelRatio: RATIO });
  }
  const stretched: [number, number][] = [[CORNER * RATIO, 3 * CORNER * RATIO]];
  const name = `${BOX_IMAGE}:${theme}`;
  if (!map.hasImage(name))
    map.addImage(name, imageOf(name), { pixelRatio: RATIO, stretchX: stretched, stretchY: stretched });
}
