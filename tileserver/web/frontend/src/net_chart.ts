// The other chart behind the slider: what each side gained on balance in the seven days up to each day, as a line over
// or under nought. Roots of km2, so that a quiet week can be told beside the fall of a region.

import type { Theme } from "./basemap";
import { daysBetween, type Day } from "./days";
import type { Gains } from "./gains";
import { drawTicks, INSET, scaled, usualMost, type Span } from "./histogram";

export const WINDOW = 7; // days
const MIDDLE = 22,
  REACH = 20; // page pixels from the top, and from nought to the most

/** The net of each side over the window up to each day; NaN before the first whole window. */
export function rolling(gains: Gains, window = WINDOW): Float64Array[] {
  return gains.daily.map((daily) => {
    const sums = new Float64Array(daily.length).fill(NaN);
    let sum = 0;
    for (let day = 1; day < daily.length; day++) {
      sum += daily[day]!;
      if (day > window) sum -= daily[day - window]!;
      if (day >= window) sums[day] = sum;
    }
    return sums;
  });
}

/** The parts of the chart that stay as the day goes on: by side, the height of each day's value from -1 to 1. */
const stills = new WeakMap<Gains, Float64Array[]>();

function heightsOf(gains: Gains): Float64Array[] {
  let still = stills.get(gains);
  if (!still) {
    const nets = rolling(gains);
    const most = Math.sqrt(usualMost(nets.flatMap((own) => [...own].map(Math.abs).filter((one) => one > 0))));
    still = nets.map((own) =>
      own.map((net) => (Math.sign(net) * Math.min(most, Math.sqrt(Math.abs(net)))) / most),
    );
    stills.set(gains, still);
  }
  return still;
}

/** Draw the chart; up to the shown day it is strong, after it faint. */
export function drawNet(
  canvas: HTMLCanvasElement,
  gains: Gains,
  span: Span,
  shown: Day,
  language: string,
  theme: Theme,
): void {
  const drawing = scaled(canvas);
  if (!drawing) return;
  const { context, colour, width } = drawing;
  const usable = width - 2 * INSET,
    total = daysBetween(span.first, span.last) || 1;
  const offset = daysBetween(span.first, gains.first);
  const xOf = (day: number): number => INSET + ((offset + day) / total) * usable;
  const shownX = INSET + (daysBetween(span.first, shown) / total) * usable;
  context.fillStyle = colour("--rule");
  context.fillRect(INSET, MIDDLE - 0.5, usable, 1);
  for (const [from, to, alpha] of [
    [0, shownX + 0.5, 1],
    [shownX + 0.5, width, 0.35],
  ] as const) {
    context.save();
    context.beginPath();
    context.rect(from, 0, to - from, 2 * MIDDLE + 2);
    context.clip();
    heightsOf(gains).forEach((heights, side) => {
      const { colour: light, colour_dark: dark } = gains.document.sides[side]!;
      trace(context, heights, xOf);
      context.globalAlpha = alpha * 0.22;
      context.fillStyle = context.strokeStyle = theme === "dark" ? dark : light;
      context.fill();
      context.globalAlpha = alpha;
      context.lineWidth = 1.4;
      context.stroke();
    });
    context.restore();
  }
  drawTicks(drawing, span, language);
}

/** The line of one side, closed along nought, with a corner a pixel at most. */
function trace(context: CanvasRenderingContext2D, heights: Float64Array, xOf: (day: number) => number): void {
  const first = heights.findIndex((height) => !Number.isNaN(height));
  context.beginPath();
  if (first < 0) return;
  context.moveTo(xOf(first), MIDDLE);
  let last = -1,
    peak = 0;
  for (let day = first; day < heights.length; day++) {
    const x = xOf(day);
    if (Math.abs(heights[day]!) >= Math.abs(peak)) peak = heights[day]!;
    if (x - last < 1 && day < heights.length - 1) continue;
    context.lineTo(x, MIDDLE - peak * REACH);
    last = x;
    peak = 0;
  }
  context.lineTo(xOf(heights.length - 1), MIDDLE);
}
