// A time slider for anybody's map: an `IControl` of MapLibre that draws a partner's own layers over our tiles as of a
// day. A day that is wished for is loaded out of sight, and comes onto the map whole, together with its label:
//
//   bar.ts             key, button, slider: the day that is meant
//   ../../src/dayqueue.ts   now if it can be, else after the day that is being prepared; the newest wish wins
//   days_on_map.ts     instantly(): its period is there; prepare(): load it out of sight; reveal()
//   dated_source.ts    feature states from the day drawn before to this one, or the whole source in sight
//   copies.ts          how the partner's paint obeys them

import type { MapGeoJSONFeature, Map as MapLibre, PointLike } from "maplibre-gl";
import { dayText, isDay, type Day } from "../../src/days";
import { DayQueue, type Prepared, type Progress } from "../../src/dayqueue";
import { dayNumber } from "../../src/periods";
import { Player } from "../../src/player";
import { START, hintOf, type PageState } from "../../src/state";
import { Bar } from "./bar";
import { ofDay } from "./dated_source";
import { DaysOnMap } from "./days_on_map";
import type { TimeSlider as Face, TimeSliderOptions } from "../time-slider";
import { openingDay, readDays, readDocument, spanOf, type Dated } from "./document";
import { PartnerStyle } from "./partner_style";
import { chooseLanguage, speaker, type Say, type SliderWord } from "./words";

const PLAY_MS = 125; // that a day stands while playing, at least
const CALM_MS = 1000; // the same for readers who asked for less motion
const RETRY_MS = 4000; // after which what could not be had is asked for again

type Theme = Face["theme"];

/** The control; `time-slider.d.ts` is its face. */
export class TimeSlider extends EventTarget implements Omit<Face, "addEventListener"> {
  private readonly language: string;
  private readonly say: Say;
  private readonly bar: Bar;
  private readonly queue: DayQueue;
  private readonly player: Player;
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");
  private readonly dress = (): void => this.wear();
  private map: MapLibre | null = null;
  private days: DaysOnMap | null = null;
  private style: PartnerStyle | null = null;
  private document: Dated | null = null;
  private state: PageState = START;
  private ownTheme: Theme;
  private readonly resized = new ResizeObserver(() => this.fit());
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: TimeSliderOptions) {
    super();
    this.language = chooseLanguage(options.language ?? "", navigator.languages);
    this.say = speaker(this.language, options.words ?? {});
    this.ownTheme = options.theme ?? "auto";
    this.bar = new Bar({
      language: this.language,
      say: this.say,
      onWish: (day) => this.travel(day),
      onPlay: () => this.player.play(!this.state.playing),
    });
    this.queue = new DayQueue({
      instantly: (day) => Boolean(this.style?.isFound && this.days?.instantly(day)),
      prepare: (day) => this.prepare(day),
      onProgress: (progress) => this.onProgress(progress),
    });
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.player = new Player({
      stepMs: options.stepMs ?? (calm ? CALM_MS : PLAY_MS),
      nextFrame: (act) => requestAnimationFrame(act),
      span: () => this.document && spanOf(this.document),
      state: () => this.state,
      change: (state) => this.change(state),
      travel: (day) => this.travel(day),
    });
  }

  /** MapLibre asks where to put the control. */
  getDefaultPosition(): "bottom-right" {
    return "bottom-right"; // above the attribution, which is never covered
  }

  /** MapLibre adds the control. */
  onAdd(map: MapLibre): HTMLElement {
    this.map = map;
    this.days = new DaysOnMap(
      map,
      (day) => this.onDay(day),
      () => this.onHole(),
    );
    const { tilejson, source = "" } = this.options;
    this.style = new PartnerStyle(map, {
      url: typeof tilejson === "string" ? tilejson : "",
      source,
      document: () => this.document,
      isThere: () => Boolean(map.getSource(this.source)),
      onFound: () => this.onFound(),
      onLost: () => this.onLost(),
      onChange: () => {
        this.open();
        this.queue.refresh();
      },
    });
    this.resized.observe(map.getContainer());
    this.dark.addEventListener("change", this.dress);
    this.wear();
    this.fit();
    void this.start();
    return this.bar.element;
  }

  /** MapLibre takes the control away: the partner's layers are as they were before. */
  onRemove(): void {
    this.pause();
    clearTimeout(this.timer);
    this.queue.forget();
    if (this.map?.getStyle()) this.days?.clear();
    else this.days?.abandon();
    this.style?.leave();
    this.resized.disconnect();
    this.dark.removeEventListener("change", this.dress);
    this.bar.remove();
    this.map = this.days = this.style = this.document = null;
    this.state = START;
  }

  /** The day that is on the map; empty where none is. */
  get day(): Day | "" {
    return this.state.shown;
  }

  /** The first and the last day; null until they are known. */
  get span(): { first: Day; last: Day } | null {
    return this.document && spanOf(this.document);
  }

  /** Whether days go by. */
  get playing(): boolean {
    return this.state.playing;
  }

  /** The id of the source that is seen, for feature states and queries; empty where none is. */
  get source(): string {
    return this.days?.seen?.source ?? "";
  }

  /** Light or dark, or as the reader's system is. */
  get theme(): Theme {
    return this.ownTheme;
  }

  set theme(theme: Theme) {
    this.ownTheme = theme;
    this.wear();
  }

  /** Show a day, or the nearest there is, as soon as that can be. */
  go(day: string): void {
    if (!isDay(day)) throw new Error(`${day} is no day, as 2023-11-09 is`);
    if (this.document) this.travel(day);
    else this.options.day = day;
  }

  /** Let days go by, from the first on where the last is shown. */
  play(): void {
    this.player.play(true);
  }

  /** Stop. */
  pause(): void {
    this.player.play(false);
  }

  /** The id under which a layer of the style is drawn at the moment, for clicks and queries; empty where none is. */
  layerId(layer: string): string {
    return this.days?.seen?.layerId(layer) ?? "";
  }

  /** What is drawn of these layers of the style at a point, or in a box, of the map on the shown day. */
  features(where: PointLike | [PointLike, PointLike], layers: string[]): MapGeoJSONFeature[] {
    const ids = layers.map((layer) => this.layerId(layer)).filter(Boolean);
    if (!this.map || !ids.length || !this.day) return [];
    return ofDay(this.map.queryRenderedFeatures(where, { layers: ids }), dayNumber(this.day));
  }

  private async start(): Promise<void> {
    const { tilejson, chart = true } = this.options;
    const { map } = this;
    try {
      this.style?.find();
      const document = await readDocument(tilejson);
      if (!map || this.map !== map) return;
      this.document = document;
    } catch (error) {
      if (!map || this.map !== map) return;
      console.warn("time slider:", error);
      if (typeof tilejson === "string") this.timer = setTimeout(() => void this.start(), RETRY_MS);
      return;
    }
    this.bar.setSpan(spanOf(this.document));
    const { days } = this.document.time;
    if (chart && days) void readDays(days).then((known) => this.bar.setDays(known));
    this.wish(this.options.day ?? "");
    this.style?.find();
  }

  private onFound(): void {
    this.open();
    if (this.state.wanted) this.wish(this.state.wanted);
  }

  private onLost(): void {
    this.days?.abandon();
    this.queue.forget();
    this.onProgress({ phase: "loading", shown: "", wanted: "" });
  }

  private open(): void {
    const { days, document, style, options } = this;
    if (document && style) days?.open({ document, layers: style.layers, history: options.history ?? true });
  }

  /** The reader moves through time, so that it pays to load ahead. */
  private travel(day: Day): void {
    this.state = { ...this.state, travels: true };
    this.wish(day);
  }

  private wish(asked: string): void {
    const { document } = this;
    if (!document) return;
    const day = openingDay(document, asked);
    this.state = { ...this.state, wanted: day };
    this.days?.aim(day);
    this.queue.want(day);
    this.show();
  }

  private async prepare(day: Day): Promise<Prepared> {
    try {
      await this.style?.ready();
      return await this.days!.prepare(day);
    } catch (error) {
      if (day === this.state.wanted && this.style?.isFound) await this.readAgain();
      throw error;
    }
  }

  /** The period of a day may be gone from the server: a correction gives it another name. */
  private async readAgain(): Promise<void> {
    const { tilejson } = this.options;
    const document = typeof tilejson === "string" ? await readDocument(tilejson).catch(() => null) : null;
    if (!document || !this.map) return;
    this.document = document;
    this.bar.setSpan(spanOf(document));
    this.open();
  }

  /** A day is on the map, and its label in the same frame. */
  private onDay(day: Day): void {
    this.change({ ...this.state, shown: day });
    this.dispatchEvent(new CustomEvent("change", { detail: { day } }));
  }

  private onProgress(progress: Progress): void {
    // The queue forgets its wish where the map is lost; the slider comes back with that.
    this.change({ ...this.state, ...progress, wanted: progress.wanted || this.state.wanted });
    const { phase, shown, wanted, playing } = this.state;
    this.dispatchEvent(new CustomEvent("state", { detail: { phase, shown, wanted, playing } }));
    if (phase === "ready" && this.state.travels) this.days?.lookAhead();
  }

  private change(state: PageState): void {
    this.state = state;
    this.show();
  }

  /** A tile of the shown day is missing, after a move of the map say: keep the rest, say so, try all of it again. While
   *  another day is on its way the line is that day's, which brings all of its tiles along. */
  private onHole(): void {
    if (this.state.shown !== this.state.wanted) return;
    this.onProgress({ ...this.state, phase: "error" });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.queue.refresh(), RETRY_MS);
  }

  private show(): void {
    const { wanted, shown, playing } = this.state;
    const hint = hintOf(this.state, false);
    const [day = ""] = Object.values(hint?.days ?? {});
    const text = day && dayText(day, this.language, "short");
    this.bar.update({ wanted, shown, playing, hint: hint ? this.say(hint.word as SliderWord, text) : "" });
  }

  private wear(): void {
    const own = this.dark.matches ? "dark" : "light";
    this.bar.element.dataset["theme"] = this.ownTheme === "auto" ? own : this.ownTheme;
  }

  private fit(): void {
    this.bar.fit(this.map?.getContainer().clientWidth ?? 0);
  }
}
