// The small pictures of the legend, drawn as the map draws.

import { paletteOf, type Theme } from "./basemap";
import type { Category } from "./catalogue";
import { comparisonImage, colourNow, type Moved } from "./comparison_layers";
import { element } from "./dom";
import { RECENT_LOOKS, type Gainer } from "./gainers";
import { imageOf } from "./images";
import { colourOf, patternImage } from "./style_layers";

function canvasOf(
  width: number,
  height: number,
  paint: (context: CanvasRenderingContext2D) => void,
): HTMLCanvasElement {
  const canvas = element("canvas", "swatch", [], {
    width: String(width * 2),
    height: String(height * 2),
    "aria-hidden": "true",
  });
  const context = canvas.getContext("2d");
  if (context) paint(context);
  return canvas;
}

function bitmap(name: string): HTMLCanvasElement {
  const data = imageOf(name);
  const canvas = element("canvas", "", [], {
    width: String(data.width),
    height: String(data.height),
    "aria-hidden": "true",
  });
  canvas.getContext("2d")?.putImageData(data, 0, 0);
  return canvas;
}

/** The ring around an event whose place is not exact. */
export const ringSwatch = (colour: string): HTMLCanvasElement =>
  canvasOf(26, 16, (context) => {
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 2.5;
    context.beginPath();
    context.arc(26, 16, 14, 0, 2 * Math.PI);
    context.stroke();
    context.globalAlpha = 0.15;
    context.fill();
  });

/** A status as the map draws areas. All swatches are 26 by 16 page px. */
export function areaSwatch(category: Category, theme: Theme): HTMLCanvasElement {
  const palette = paletteOf(theme);
  return canvasOf(26, 16, (context) => {
    context.fillStyle = palette.land;
    context.fillRect(0, 0, 52, 32);
    context.globalAlpha = category.pattern === "pale" ? palette.paleOpacity : palette.controlOpacity;
    context.fillStyle = colourOf(category, theme);
    context.fillRect(0, 0, 52, 32);
    context.globalAlpha = palette.patternOpacity;
    const pattern =
      category.pattern === "none"
        ? null
        : context.createPattern(bitmap(patternImage(category, theme)), "repeat");
    if (pattern) {
      context.fillStyle = pattern;
      context.fillRect(0, 0, 52, 32);
    }
    context.globalAlpha = 1;
    context.strokeStyle = colourOf(category, theme);
    context.lineWidth = 2;
    context.strokeRect(1, 1, 50, 30);
  });
}

/** The front line as the map draws it. */
export const lineSwatch = (colour: string, casing: string): HTMLCanvasElement =>
  canvasOf(26, 16, (context) => {
    for (const [style, width] of [
      [casing, 12],
      [colour, 5],
    ] as const) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.lineCap = "round";
      context.beginPath();
      context.moveTo(8, 20);
      context.bezierCurveTo(20, 4, 32, 30, 44, 12);
      context.stroke();
    }
  });

/** A kind of events, by the name of its image. */
export const pointSwatch = (name: string): HTMLCanvasElement =>
  canvasOf(26, 16, (context) => context.putImageData(imageOf(name), 10, 0));

/** A row of a comparison as the map draws its pieces. */
export function comparisonSwatch(
  { is, kind }: Moved,
  categories: Category[],
  theme: Theme,
): HTMLCanvasElement {
  const colour = colourNow(categories, is, theme);
  return canvasOf(26, 16, (context) => {
    context.fillStyle = paletteOf(theme).casing;
    context.fillRect(0, 0, 52, 32);
    context.globalAlpha = 0.42;
    context.fillStyle = colour;
    context.fillRect(0, 0, 52, 32);
    context.globalAlpha = 1;
    const pattern = context.createPattern(bitmap(comparisonImage(kind, colour)), "repeat");
    if (pattern) {
      context.fillStyle = pattern;
      context.fillRect(0, 0, 52, 32);
    }
    context.strokeStyle = colour;
    context.lineWidth = 3;
    context.strokeRect(1.5, 1.5, 49, 29);
  });
}

/** The teeth of the front, on land that a side holds. */
export const teethSwatch = (colour: string, ours: string, casing: string): HTMLCanvasElement =>
  canvasOf(26, 16, (context) => {
    context.globalAlpha = 0.4;
    context.fillStyle = ours;
    context.fillRect(0, 16, 52, 16);
    context.globalAlpha = 1;
    for (const [style, width] of [
      [casing, 10],
      [colour, 5],
    ] as const) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(0, 14);
      context.lineTo(52, 14);
      context.stroke();
    }
    context.fillStyle = colour;
    for (const x of [14, 38]) {
      context.beginPath();
      context.moveTo(x - 8, 15);
      context.lineTo(x + 8, 15);
      context.lineTo(x, 27);
      context.fill();
    }
  });

/** Land that was gained: strongly on the left, and palely on the right. */
export const recentSwatch = (kind: Gainer["kind"], colour: string, theme: Theme): HTMLCanvasElement =>
  canvasOf(26, 16, (context) => {
    context.fillStyle = paletteOf(theme).casing;
    context.fillRect(0, 0, 52, 32);
    RECENT_LOOKS.forEach(({ fill, pattern, width }, i) => {
      const left = i * 27;
      context.save();
      context.beginPath();
      context.rect(left, 0, 25, 32);
      context.clip();
      context.globalAlpha = fill;
      context.fillStyle = colour;
      context.fillRect(0, 0, 52, 32);
      context.globalAlpha = pattern;
      const stripes = context.createPattern(bitmap(comparisonImage(kind, colour)), "repeat");
      if (stripes) {
        context.fillStyle = stripes;
        context.fillRect(0, 0, 52, 32);
      }
      context.globalAlpha = 1;
      context.strokeStyle = colour;
      context.lineWidth = 2 * width;
      context.strokeRect(left, 0, 25, 32);
      context.restore();
    });
  });

/** The number of a note. */
export const noteSwatch = (theme: Theme): HTMLCanvasElement =>
  canvasOf(26, 16, (context) => {
    const { note, noteText } = paletteOf(theme);
    context.fillStyle = note;
    context.beginPath();
    context.roundRect(11, 1, 30, 30, 6);
    context.fill();
    context.fillStyle = noteText;
    context.font = "bold 22px system-ui, sans-serif";
    context.textAlign = "center";
    context.fillText("1", 26, 24);
  });

/** An arrow of a note. */
export const arrowSwatch = (theme: Theme): HTMLCanvasElement =>
  canvasOf(26, 16, (context) => {
    const { note } = paletteOf(theme);
    context.strokeStyle = context.fillStyle = note;
    context.lineWidth = 5;
    context.beginPath();
    context.moveTo(4, 26);
    context.quadraticCurveTo(16, 10, 36, 12);
    context.stroke();
    context.beginPath();
    context.moveTo(34, 2);
    context.lineTo(50, 13);
    context.lineTo(33, 22);
    context.fill();
  });
