// Travelling through time: how a wished day gets onto the map, and what the controls and the line over the map say
// until it is there.

import type { Map as MapLibre } from "maplibre-gl";
import type { DayCount } from "./catalogue";
import { dayText, type Day } from "./days";
import type { Gains } from "./gains";
import { DayQueue, type Prepared, type Progress } from "./dayqueue";
import type { Note } from "./notes";
import type { Page } from "./page";
import { PeriodsOnMap, type TheatreView } from "./periods_on_map";
import { Player } from "./player";
import { START, entryOf, hintOf, wished, type Manner, type Opening, type PageState } from "./state";
import type { Say } from "./texts";
import { spanOf } from "./theatre";
import { Timebar } from "./timebar";

const PLAY_MS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1000 : 125; // that a day stands while playing
const RETRY_MS = 4000; // after which a tile that turned out missing is asked for again

/** Where days are shown, and who is told. */
export interface TravelOptions {
  map: MapLibre;
  page: Page;
  language: string;
  say: Say;
  /** Settles once layers can be added to the map. */
  drawable(): Promise<unknown>;
  /** Whether the map has lost what it drew, and whether it has stopped for good. */
  isLost: () => boolean;
  hasStopped: () => boolean;
  /** A day is on the map from this moment on; `entry` is what that is worth in the browser's history. */
  onDay(day: Day, notes: Note[], entry: "push" | "replace"): void;
  /** The wanted day could not be had: its period may be gone from the server. */
  onFailure(): Promise<void>;
  /** The reader drew a window of days to be compared. */
  onWindow: (from: Day, to: Day) => void;
  /** What the chart says of a day. */
  told: (day: Day) => string;
  /** A wished day is on the map, or could not be had. */
  onEnd: () => void;
}

/** The wished and the shown day, and all that moves them. */
export class Travel {
  readonly periods: PeriodsOnMap;
  private readonly queue: DayQueue;
  private readonly timebar: Timebar;
  private readonly player: Player;
  private state: PageState = START;
  private view: TheatreView | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: TravelOptions) {
    const { map, language, say } = options;
    this.periods = new PeriodsOnMap(
      map,
      (day, notes) => this.onDay(day, notes),
      () => this.onHole(),
    );
    this.queue = new DayQueue({
      instantly: (day) => this.periods.instantly(day),
      prepare: (day) => this.prepare(day),
      onProgress: (progress) => this.onProgress(progress),
    });
    this.player = new Player({
      stepMs: PLAY_MS,
      nextFrame: (act) => requestAnimationFrame(act),
      span: () => this.view && spanOf(this.view.tiles),
      state: () => this.state,
      change: (state) => this.change(state),
      travel: (day) => this.travel(day, "step"),
    });
    this.timebar = new Timebar({
      language,
      say,
      onWish: (day, manner) => this.travel(day, manner),
      onPlay: () => this.player.play(!this.state.playing),
      onReach: () => this.loadAhead(),
      onWindow: (from, to) => options.onWindow(from, to),
      told: (day) => options.told(day),
    });
  }

  /** The day that is wished for; "" before the first wish. */
  get wanted(): Day | "" {
    return this.state.wanted;
  }

  /** Whether the wished-for day is on the map and is not about to be left. */
  stands(): boolean {
    return this.state.phase === "ready" && !this.state.playing;
  }

  /** Take over a theatre of which nothing is shown yet, or another choice of its layers, with the days of those. */
  open(view: TheatreView, days: DayCount[]): void {
    this.look(view);
    this.timebar.setDays(spanOf(view.tiles), days);
  }

  /** Take over other days: of events others are counted now. */
  setDays(days: DayCount[]): void {
    if (this.view) this.timebar.setDays(spanOf(this.view.tiles), days);
    this.change(this.state);
  }

  /** Load for this view from now on: another look, or other periods. */
  look(view: TheatreView): void {
    this.view = view;
    this.periods.open(view);
  }

  /** Who gained what is known, or not any more. */
  setGains(gains: Gains | null): void {
    this.timebar.setGains(gains);
  }

  /** Begin at a day, and say so where another was asked for. */
  begin({ day, asked }: Opening): void {
    this.state = { ...this.state, asked };
    this.wish(day, "step");
  }

  /** The reader moves through time. */
  travel(day: Day, manner: Manner): void {
    this.state = { ...this.state, travels: true };
    this.wish(day, manner);
  }

  /** Show a day as soon as that can be. */
  wish(day: Day, manner: Manner): void {
    // At once, and not when the queue reports: a context that is lost meanwhile comes back with the newest wish.
    this.state = { ...wished(this.state, manner), wanted: day };
    this.periods.aim(day);
    this.queue.want(day);
    this.timebar.update(day, this.state.shown, this.state.playing);
  }

  /** Prepare the shown day anew, and keep it until then. */
  refresh(): void {
    this.queue.refresh();
  }

  /** Stop playing. */
  pause(): void {
    this.player.play(false);
  }

  /** Show no day any more, until the next wish. */
  takeDown(): void {
    this.queue.forget();
    this.periods.clear();
  }

  /** Say once more how far the map is. */
  report(): void {
    this.onProgress(this.state);
  }

  private change(state: PageState): void {
    this.state = state;
    this.timebar.update(state.wanted, state.shown, state.playing);
  }

  private loadAhead(): void {
    if (this.state.travels) return;
    this.state = { ...this.state, travels: true };
    this.report();
  }

  private async prepare(day: Day): Promise<Prepared> {
    try {
      await this.options.drawable();
      return await this.periods.prepare(day);
    } catch (error) {
      if (day === this.state.wanted) await this.options.onFailure();
      throw error;
    }
  }

  private onDay(day: Day, notes: Note[]): void {
    this.options.onDay(day, notes, entryOf(this.state));
    this.state = { ...this.state, manner: "step" };
  }

  private onProgress(progress: Progress): void {
    const { page, isLost, hasStopped } = this.options;
    this.change({ ...this.state, ...progress });
    page.state = hasStopped() ? "stopped" : progress.phase;
    const hint = hintOf(this.state, isLost());
    page.hint(hint ? this.said(hint) : "");
    if (progress.phase !== "loading") this.options.onEnd();
    if (progress.phase === "ready" && this.state.travels) this.periods.lookAhead();
  }

  /** A tile of the shown day is missing, after a move of the map say: keep the rest, say so, try it all again.
   *  While another day is on its way the line is that day's, which brings all of its tiles along. */
  private onHole(): void {
    const { shown: day, wanted } = this.state;
    if (!day || day !== wanted) return;
    this.options.page.state = "error";
    this.options.page.hint(this.said({ word: "failed", days: { day } }));
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.queue.refresh(), RETRY_MS);
  }

  private said({ word, days }: NonNullable<ReturnType<typeof hintOf>>): string {
    const { language, say } = this.options;
    const texts = Object.entries(days).map(([place, day]) => [place, dayText(day, language, "short")]);
    return say(word, Object.fromEntries(texts) as Record<string, string>);
  }
}
