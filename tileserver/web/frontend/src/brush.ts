// The pointer over the chart: the day under it, and a window of days that is drawn along the dates, under the slider,
// which keeps every other gesture for itself.

import { addDays, clampDay, daysBetween, type Day } from "./days";
import { byId, setText } from "./dom";
import { INSET, type Span } from "./histogram";

const DATES = 46; // page pixels from the top of the scale, where the slider ends and the dates begin

/** Who hears of days. */
export interface BrushOptions {
  span(): Span;
  /** The words of a day; "" for none. */
  told(day: Day): string;
  /** The reader drew a window, from the end of one day to the end of another. */
  onWindow(from: Day, to: Day): void;
}

/** The day at a place of the scale, whose width is in page pixels. */
export function dayAt(x: number, width: number, { first, last }: Span): Day {
  const days = daysBetween(first, last);
  const day = Math.round(((x - INSET) / Math.max(1, width - 2 * INSET)) * days);
  return clampDay(addDays(first, day), first, last);
}

/** Follow the pointer over the chart from now on. */
export const listenToBrush = (options: BrushOptions): void => new Brush(options).listen();

/** The window under the pointer, and the words over it. */
class Brush {
  private readonly scale = byId("scale");
  private readonly tip = byId("chart-tip");
  private readonly window = byId("chart-window");
  private begun: { x: number; day: Day } | null = null;
  private frame = 0;
  private box: DOMRect | null = null;

  constructor(private readonly options: BrushOptions) {}

  listen(): void {
    const measure = (): void => void (this.box = null);
    this.scale.addEventListener("pointerenter", measure);
    addEventListener("resize", measure);
    this.scale.addEventListener("pointerdown", (event) => this.begin(event));
    this.scale.addEventListener("pointermove", (event) => this.move(event));
    this.scale.addEventListener("pointerup", (event) => this.end(event));
    for (const gone of ["pointerleave", "pointercancel"] as const)
      this.scale.addEventListener(gone, () => this.leave());
  }

  /** Where the pointer is on the scale, which is measured when it comes and not while it drags: to be told where it is
   *  the page would be laid out between two steps. */
  private placeOf(event: PointerEvent): { x: number; y: number; width: number } {
    const { left, top, width } = (this.box ??= this.scale.getBoundingClientRect());
    return { x: event.clientX - left, y: event.clientY - top, width };
  }

  private begin(event: PointerEvent): void {
    const { x, y, width } = this.placeOf(event);
    if (y < DATES || !event.isPrimary || event.button !== 0) return;
    event.preventDefault();
    this.scale.setPointerCapture(event.pointerId);
    this.begun = { x, day: dayAt(x, width, this.options.span()) };
  }

  private move(event: PointerEvent): void {
    const { x, width } = this.placeOf(event);
    const day = dayAt(x, width, this.options.span());
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.show(day, x, width, event.pointerType));
  }

  private show(day: Day, x: number, width: number, pointer: string): void {
    const words = pointer === "touch" && !this.begun ? "" : this.options.told(day);
    setText(this.tip, words);
    this.tip.hidden = !words;
    this.tip.style.setProperty("--at", `${x}px`); // the style keeps it within the scale, whose width it cannot know
    this.tip.style.setProperty("--room", `${width}px`);
    this.window.hidden = !this.begun;
    if (!this.begun) return;
    this.window.style.left = `${Math.min(x, this.begun.x)}px`;
    this.window.style.width = `${Math.abs(x - this.begun.x)}px`;
  }

  private end(event: PointerEvent): void {
    const { begun } = this;
    const { x, width } = this.placeOf(event);
    this.leave();
    if (!begun || Math.abs(x - begun.x) < 4) return;
    const day = dayAt(x, width, this.options.span());
    if (day < begun.day) this.options.onWindow(day, begun.day);
    if (day > begun.day) this.options.onWindow(begun.day, day);
  }

  private leave(): void {
    cancelAnimationFrame(this.frame);
    this.begun = null;
    this.tip.hidden = this.window.hidden = true;
  }
}
