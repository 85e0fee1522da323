// The time controls: a native range input as playhead over the chart, buttons, a date field, keys.

import { changesOf, type DayCount } from "./catalogue";
import { addDays, clampDay, dayOfKey, dayText, daysBetween, isDay, type Day } from "./days";
import { byId, onceAFrame, setAttribute } from "./dom";
import { listenToBrush } from "./brush";
import type { Theme } from "./basemap";
import type { Gains } from "./gains";
import { drawHistogram, type Span } from "./histogram";
import { drawNet } from "./net_chart";
import type { Manner } from "./state";
import type { Say, Word } from "./texts";

/** The language of the controls, and who hears what the reader does with them. */
export interface TimebarOptions {
  language: string;
  say: Say;
  onWish(day: Day, manner: Manner): void;
  onPlay(): void;
  /** The reader reaches for the time controls. */
  onReach(): void;
  /** The reader drew a window of days to be compared. */
  onWindow(from: Day, to: Day): void;
  /** What the chart says of a day. */
  told(day: Day): string;
}

const BUTTONS: [string, Word][] = [
  ["previous-change", "previousChange"],
  ["previous-day", "previousDay"],
  ["next-day", "nextDay"],
  ["next-change", "nextChange"],
];

/** The nearest day before (-1) or after (+1) on which control changed; null where there is none. */
export function changeBeside(days: readonly DayCount[], day: Day, direction: 1 | -1): Day | null {
  const isBeside = (count: DayCount): boolean =>
    (direction > 0 ? count.day > day : count.day < day) && changesOf(count) > 0;
  return (direction > 0 ? days.find(isBeside) : days.findLast(isBeside))?.day ?? null;
}

/** The time controls under the map. */
export class Timebar {
  private readonly slider = byId<HTMLInputElement>("slider");
  private readonly field = byId<HTMLInputElement>("date-field");
  private readonly chart = byId<HTMLCanvasElement>("chart");
  private readonly play = byId<HTMLButtonElement>("play");
  private span: Span = { first: "1970-01-01", last: "1970-01-01" };
  private days: DayCount[] = [];
  private wanted: Day = "1970-01-01";
  private shown: Day | "" = "";
  private readonly kinds = byId<HTMLButtonElement>("chart-kind");
  private gains: Gains | null = null;
  private showsGains = false;
  private listens = false;
  private readonly draw = onceAFrame(() => {
    const { chart, gains, span, wanted, shown, options } = this;
    if (gains && this.showsGains) {
      const theme = document.documentElement.dataset["theme"] as Theme;
      drawNet(chart, gains, span, shown || wanted, options.language, theme);
    } else drawHistogram(chart, this.days, span, shown || wanted, options.language);
  });

  constructor(private readonly options: TimebarOptions) {
    const { say } = options;
    for (const [id, word] of BUTTONS) this.name(byId(id), say(word));
    this.name(this.play, say("play"));
    byId("timebar").setAttribute("aria-label", say("time"));
    this.slider.setAttribute("aria-label", say("day"));
    this.field.setAttribute("aria-label", say("goTo"));
    this.chart.setAttribute("aria-label", say("chart"));
    this.kinds.textContent = say("chartGains");
    this.kinds.addEventListener("click", () => this.turn(!this.showsGains));
    listenToBrush({
      span: () => this.span,
      told: (day) => options.told(day),
      onWindow: (from, to) => options.onWindow(from, to),
    });
    new ResizeObserver(() => this.draw()).observe(this.chart);
  }

  /** Take over a theatre's days. Until the first nothing is heard here: what the reader wishes is kept (`wish.ts`). */
  setDays(span: Span, days: DayCount[]): void {
    this.span = span;
    this.days = days;
    if (!this.listens) this.listen();
    this.listens = true;
    this.slider.max = String(daysBetween(span.first, span.last));
    this.field.min = span.first;
    this.field.max = span.last;
  }

  /** The day wished for stands on the slider; the day on the map is the one the chart marks. */
  update(wanted: Day, shown: Day | "", playing: boolean): void {
    this.wanted = wanted;
    this.shown = shown;
    this.slider.value = String(daysBetween(this.span.first, wanted));
    setAttribute(this.slider, "aria-valuetext", dayText(wanted, this.options.language));
    if (document.activeElement !== this.field) this.field.value = wanted;
    this.play.classList.toggle("playing", playing);
    this.name(this.play, this.options.say(playing ? "pause" : "play"));
    for (const [id, day] of [
      ["previous-day", this.span.first],
      ["next-day", this.span.last],
    ] as const)
      this.bar(id, wanted === day);
    this.bar("previous-change", !changeBeside(this.days, wanted, -1));
    this.bar("next-change", !changeBeside(this.days, wanted, 1));
    this.draw();
  }

  /** Who gained what is known, or not any more. */
  setGains(gains: Gains | null): void {
    this.gains = gains;
    this.kinds.hidden = !gains;
    this.turn(this.showsGains && gains !== null);
  }

  private turn(showsGains: boolean): void {
    this.showsGains = showsGains;
    this.kinds.setAttribute("aria-pressed", String(showsGains));
    this.chart.setAttribute("aria-label", this.options.say(showsGains ? "chartGainsLong" : "chart"));
    this.draw();
  }

  private name(button: HTMLElement, text: string): void {
    setAttribute(button, "aria-label", text);
    setAttribute(button, "title", text);
  }

  /** aria-disabled keeps the focus where a disabled button would lose it. */
  private bar(id: string, barred: boolean): void {
    setAttribute(byId(id), "aria-disabled", String(barred));
  }

  private wish(day: Day | null, manner: Manner): void {
    if (day) this.options.onWish(clampDay(day, this.span.first, this.span.last), manner);
  }

  private listen(): void {
    for (const reach of ["pointerenter", "focusin"])
      byId("timebar").addEventListener(reach, () => this.options.onReach());
    this.slider.addEventListener("input", () =>
      this.wish(addDays(this.span.first, Number(this.slider.value)), "step"),
    );
    this.field.addEventListener("change", () => {
      if (isDay(this.field.value)) this.wish(this.field.value, "jump");
    });
    byId("previous-day").addEventListener("click", () => this.wish(addDays(this.wanted, -1), "step"));
    byId("next-day").addEventListener("click", () => this.wish(addDays(this.wanted, 1), "step"));
    byId("previous-change").addEventListener("click", () =>
      this.wish(changeBeside(this.days, this.wanted, -1), "jump"),
    );
    byId("next-change").addEventListener("click", () =>
      this.wish(changeBeside(this.days, this.wanted, 1), "jump"),
    );
    this.play.addEventListener("click", () => this.options.onPlay());
    document.addEventListener("keydown", (event) => this.key(event));
  }

  /** Keys work on the slider and wherever nothing else on the page would take them. */
  private key(event: KeyboardEvent): void {
    if (document.body.classList.contains("no-controls")) return; // as an embed of a fixed day
    if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    const target = event.target instanceof Element ? event.target : document.body;
    const onSlider = target === this.slider;
    if (!onSlider && target.closest("input, select, textarea, [contenteditable]")) return;
    const day =
      onSlider || !target.closest("canvas.maplibregl-canvas, .scrolls")
        ? dayOfKey(event.key, this.wanted, this.span)
        : null;
    const plays = event.key === " " && !target.closest("button, a, summary");
    if (!day && !plays) return;
    event.preventDefault();
    if (plays) this.options.onPlay();
    else this.wish(day, "step");
  }
}
