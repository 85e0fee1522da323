// The small chart behind the slider: events per day as bars upwards, the area that changed hands as bars downwards.

import { changesOf, km2Of, type DayCount } from "./catalogue";
import { addDays, daysBetween, format, type Day } from "./days";

/** Page px between the chart's edge and its scale: half the slider's thumb, which shares the scale. */
export const INSET = 8;
const BARS = 29,
  MARKS = 32,
  DEEPEST = 43,
  LABELS = 54; // distances from the top in page pixels

/** The first and the last day of a range, both of it. */
export interface Span {
  first: Day;
  last: Day;
}
/** One column of the chart: events a day, km2 that changed hands, and whether anything did. */
export interface Column {
  events: number;
  km2: number;
  changed: boolean;
}

/** Fold the days into `width` columns at most; a column holds its busiest day. */
export function columnsOf(days: readonly DayCount[], { first, last }: Span, width: number): Column[] {
  const total = daysBetween(first, last) + 1;
  const columns: Column[] = Array.from({ length: Math.max(1, Math.min(total, width)) }, () => ({
    events: 0,
    km2: 0,
    changed: false,
  }));
  for (const count of days) {
    const index = daysBetween(first, count.day);
    const column = columns[Math.floor((index * columns.length) / total)];
    if (index < 0 || index >= total || !column) continue;
    column.events = Math.max(column.events, count.events);
    column.km2 = Math.max(column.km2, km2Of(count));
    column.changed ||= changesOf(count) > 0;
  }
  return columns;
}

/** Days at which a label stands: Mondays, months, quarters or years, as the width allows. */
export function ticksOf(
  { first, last }: Span,
  width: number,
  language: string,
): { day: Day; text: string }[] {
  const total = daysBetween(first, last) + 1,
    room = width / total; // pixels a day
  const step = room * 30 >= 46 ? 1 : room * 91 >= 46 ? 3 : 12;
  const ticks: { day: Day; text: string }[] = [];
  for (let day = first; day <= last; day = addDays(day, 1)) {
    const month = Number(day.slice(5, 7));
    if (!day.endsWith("-01") || (month - 1) % step !== 0) continue;
    const newYear = month === 1 || ticks.length === 0;
    ticks.push({
      day,
      text:
        step === 12
          ? day.slice(0, 4)
          : format(day, language, newYear ? { month: "short", year: "numeric" } : { month: "short" }),
    });
  }
  return ticks;
}

/** The value that only a fiftieth exceed: one great day must not make all others look like none. */
export function usualMost(values: number[]): number {
  const sorted = values.filter((value) => value > 0).sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * 0.98)] ?? 1;
}

/** The parts of the chart that stay as the day goes on. */
interface Still {
  key: string;
  columns: Column[];
  ticks: { day: Day; text: string }[];
}

const stills = new WeakMap<readonly DayCount[], Still>();

function stillOf(days: readonly DayCount[], span: Span, usable: number, language: string): Still {
  const key = `${span.first} ${span.last} ${usable} ${language}`,
    known = stills.get(days);
  if (known?.key === key) return known;
  const still = {
    key,
    columns: columnsOf(days, span, Math.floor(usable / 2)),
    ticks: ticksOf(span, usable, language),
  };
  stills.set(days, still);
  return still;
}

/** A canvas that is drawn on in page pixels, and the colours of its style. */
export interface Drawing {
  context: CanvasRenderingContext2D;
  colour: (name: string) => string;
  font: string;
  width: number;
}

const sizes = new WeakMap<Element, readonly [width: number, height: number]>();

/** The size of a canvas, measured again when it has changed and not at each step: to be told it the page is laid out. */
function sizeOf(canvas: HTMLCanvasElement): readonly [width: number, height: number] {
  let size = sizes.get(canvas);
  if (!size) new ResizeObserver(() => sizes.set(canvas, [0, 0])).observe(canvas);
  if (!size?.[0]) sizes.set(canvas, (size = [canvas.clientWidth, canvas.clientHeight]));
  return size;
}

/** Clear a canvas, and make it as fine as the screen; null where there is no room. */
export function scaled(canvas: HTMLCanvasElement): Drawing | null {
  const [width, height] = sizeOf(canvas),
    ratio = devicePixelRatio || 1;
  const context = canvas.getContext("2d");
  if (!context || width < 2 * INSET) return null;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across) canvas.width = across; // which would take away its memory, and have the page laid out anew
  if (canvas.height !== down) canvas.height = down;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const style = getComputedStyle(canvas);
  return { context, colour: (name) => style.getPropertyValue(name).trim(), font: style.fontFamily, width };
}

/** Write the dates under a chart. */
export function drawTicks(drawing: Drawing, span: Span, language: string, own?: Still["ticks"]): void {
  const { context, colour, font, width } = drawing,
    usable = width - 2 * INSET,
    total = daysBetween(span.first, span.last) || 1;
  context.fillStyle = colour("--ink-soft");
  context.font = `11px ${font}`;
  let free = 0;
  for (const { day, text } of own ?? ticksOf(span, usable, language)) {
    const measured = context.measureText(text).width;
    const x = Math.min(
      Math.max(INSET, INSET + (daysBetween(span.first, day) / total) * usable),
      width - measured,
    );
    if (x < free) continue;
    context.fillText(text, x, LABELS);
    free = x + measured + 12;
  }
}

/** Draw the chart; bars up to the shown day are strong, those after it faint. */
export function drawHistogram(
  canvas: HTMLCanvasElement,
  days: readonly DayCount[],
  span: Span,
  shown: Day,
  language: string,
): void {
  const drawing = scaled(canvas);
  if (!drawing) return;
  const { context, colour, width } = drawing;
  const [bars, faintBars] = [colour("--bar"), colour("--bar-faint")],
    [marks, faintMarks] = [colour("--mark"), colour("--mark-faint")];
  const usable = width - 2 * INSET,
    { columns, ticks } = stillOf(days, span, usable, language);
  const step = columns.length > 1 ? usable / (columns.length - 1) : usable;
  const tallest = Math.sqrt(Math.max(1, ...columns.map((column) => column.events)));
  const widest = Math.sqrt(usualMost(columns.map((column) => column.km2)));
  const total = daysBetween(span.first, span.last) || 1;
  const shownX = shown ? INSET + (daysBetween(span.first, shown) / total) * usable : INSET;
  const bar = Math.max(1, Math.min(9, step * 0.68));
  columns.forEach((column, i) => {
    const x = INSET + i * step,
      tall = (Math.sqrt(column.events) / tallest) * (BARS - 4);
    context.fillStyle = x <= shownX + 0.5 ? bars : faintBars;
    context.fillRect(x - bar / 2, BARS - tall, bar, tall);
    if (!column.changed) return;
    context.fillStyle = x <= shownX + 0.5 ? marks : faintMarks;
    context.fillRect(
      x - bar / 2,
      MARKS,
      bar,
      1.5 + Math.min(1, Math.sqrt(column.km2) / widest) * (DEEPEST - MARKS - 1.5),
    );
  });
  context.fillStyle = colour("--rule");
  context.fillRect(INSET, BARS + 1, usable, 1);
  drawTicks(drawing, span, language, ticks);
}
