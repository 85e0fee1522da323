// The control itself: buttons, the day, and a native range input over the chart, in a shadow root of its own, so that no
// style of the page reaches it but the custom properties that `bar.css` names.

import type { DayCount } from "../../src/catalogue";
import { addDays, dayOfKey, dayText, daysBetween, type Day } from "../../src/days";
import { onceAFrame } from "../../src/dom";
import { drawHistogram, type Span } from "../../src/histogram";
import { changeBeside } from "../../src/timebar";
import css from "./bar.css";
import type { Say, SliderWord } from "./words";

const SETTLE_MS = 700; // after which a day is spoken aloud
const PLAY = "M5 3v12l10-6z";
const PAUSE = "M4 3h4v12H4zm6 0h4v12h-4z";
const STEP = "M6 4v10l6-5z";
const LEAP = "M2 4v10l6-5zm6 0v10l6-5zm6 0h2v10h-2z";
const BUTTONS: [SliderWord, string][] = [
  ["previousChange", LEAP],
  ["previousDay", STEP],
  ["nextDay", STEP],
  ["nextChange", LEAP],
];

/** Who hears what the reader does with the control. */
export interface BarOptions {
  language: string;
  say: Say;
  onWish(day: Day): void;
  onPlay(): void;
}

/** What the control shows: the wished day on the slider, the shown one as text, and a line for what is amiss. */
export interface Showing {
  wanted: Day | "";
  shown: Day | "";
  playing: boolean;
  hint: string;
}

/** The control's element and what stands in it. */
export class Bar {
  readonly element = document.createElement("div");
  private readonly root = this.element.attachShadow({ mode: "open" });
  private readonly slider: HTMLInputElement;
  private readonly chart: HTMLCanvasElement;
  private readonly play: HTMLButtonElement;
  private readonly resized = new ResizeObserver(() => this.draw());
  private span: Span = { first: "1970-01-01", last: "1970-01-01" };
  private days: DayCount[] = [];
  private showing: Showing = { wanted: "", shown: "", playing: false, hint: "" };
  private speaking: ReturnType<typeof setTimeout> | undefined;
  private readonly draw = onceAFrame(() => {
    const { shown, wanted } = this.showing;
    drawHistogram(this.chart, this.days, this.span, shown || wanted, this.options.language);
  });

  constructor(private readonly options: BarOptions) {
    const { say } = options;
    this.element.className = "maplibregl-ctrl time-slider";
    const sheet = new CSSStyleSheet(); // which no policy of the page forbids
    sheet.replaceSync(css);
    this.root.adoptedStyleSheets = [sheet];
    this.root.innerHTML = `<div id="bar" part="bar" role="group" lang="${options.language}" hidden>
<div id="head"><button id="play" type="button" part="play"><svg viewBox="0 0 18 18" aria-hidden="true"><path/></svg></button>
<p id="day" part="day"><time></time></p><p id="hint" part="hint" hidden></p>
<div id="steps"></div></div>
<div id="scale"><canvas aria-hidden="true"></canvas><input id="slider" part="slider" type="range" min="0" step="1"></div>
<p id="spoken" role="status"></p></div>`;
    this.slider = this.root.querySelector("input")!;
    this.chart = this.root.querySelector("canvas")!;
    this.play = this.root.querySelector("button")!;
    for (const [word, path] of BUTTONS) this.find("#steps").append(this.button(word, path));
    this.find("#bar").setAttribute("aria-label", say("time"));
    this.slider.setAttribute("aria-label", say("day"));
    this.listen();
    this.resized.observe(this.chart);
  }

  /** Take over the days of a tileset; it is from then on that there is something to move through. */
  setSpan(span: Span): void {
    this.span = span;
    this.slider.max = String(daysBetween(span.first, span.last));
    this.find("#bar").hidden = false;
  }

  /** Take over on which days anything happened, which the chart shows. */
  setDays(days: DayCount[]): void {
    this.days = days;
    this.find("#bar").classList.toggle("charted", days.length > 0);
    this.update(this.showing);
  }

  /** Be as wide as the map has room for, in page pixels. */
  fit(width: number): void {
    this.element.style.setProperty("--room", `${width}px`);
  }

  /** Show how far the map is. */
  update(showing: Showing): void {
    const { language, say } = this.options;
    const { wanted, shown, playing, hint } = showing;
    const turned = shown !== this.showing.shown;
    this.showing = showing;
    this.slider.value = String(daysBetween(this.span.first, wanted || this.span.first));
    this.slider.setAttribute("aria-valuetext", wanted ? dayText(wanted, language) : "");
    const time = this.root.querySelector("time")!;
    time.dateTime = shown;
    time.textContent = shown ? dayText(shown, language) : "";
    this.find("#hint").textContent = hint;
    this.find("#hint").hidden = !hint;
    this.play.setAttribute("aria-label", say(playing ? "pause" : "play"));
    this.play.title = say(playing ? "pause" : "play");
    this.play.querySelector("path")!.setAttribute("d", playing ? PAUSE : PLAY);
    for (const [word] of BUTTONS)
      this.find(`#${word}`).setAttribute("aria-disabled", String(!wanted || !this.dayBy(word)));
    this.draw();
    if (turned) this.speak();
  }

  /** Stop all that goes on. */
  remove(): void {
    this.resized.disconnect();
    clearTimeout(this.speaking);
    this.element.remove();
  }

  private find(selector: string): HTMLElement {
    return this.root.querySelector<HTMLElement>(selector)!;
  }

  private button(word: SliderWord, path: string): HTMLButtonElement {
    const button = document.createElement("button");
    button.id = word;
    button.type = "button";
    button.title = this.options.say(word);
    button.setAttribute("aria-label", button.title);
    button.innerHTML = `<svg viewBox="0 0 18 18" aria-hidden="true"><path d="${path}"/></svg>`;
    button.addEventListener("click", () => this.wish(this.dayBy(word)));
    return button;
  }

  /** The day that a button leads to; null where there is none. */
  private dayBy(word: SliderWord): Day | null {
    const { wanted } = this.showing;
    const direction = word.startsWith("next") ? 1 : -1;
    if (word.endsWith("Change")) return changeBeside(this.days, wanted, direction);
    const day = addDays(wanted, direction);
    return day < this.span.first || day > this.span.last ? null : day;
  }

  private wish(day: Day | null): void {
    if (day) this.options.onWish(day);
  }

  private speak(): void {
    clearTimeout(this.speaking);
    const { shown } = this.showing;
    this.speaking = setTimeout(() => {
      this.find("#spoken").textContent = shown ? dayText(shown, this.options.language) : "";
    }, SETTLE_MS);
  }

  private listen(): void {
    this.play.addEventListener("click", () => this.options.onPlay());
    this.slider.addEventListener("input", () =>
      this.wish(addDays(this.span.first, Number(this.slider.value))),
    );
    this.slider.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || !this.showing.wanted) return;
      const day = dayOfKey(event.key, this.showing.wanted, this.span);
      if (!day && event.key !== " ") return;
      event.preventDefault();
      if (day) this.wish(day);
      else this.options.onPlay();
    });
  }
}
