// The periods in the map: the one that is seen, and unseen the ones before and after it. A day of a period that
// is whole is shown at once; any other is loaded unseen first, and what is seen stays until then.

import type { FilterSpecification, Map as MapLibre } from "maplibre-gl";
import type { Role, TileJson } from "./catalogue";
import type { Day } from "./days";
import type { Prepared } from "./dayqueue";
import { facingIn } from "./facing_url";
import { directionsOf, notesOn, readNotes, textOf, type Note } from "./notes";
import { DATED, PeriodLayers } from "./period_layers";
import { EarlierEvents } from "./earlier_events";
import { mayBeSeen } from "./event_window";
import { dayNumber, daysOf, periodIndex } from "./periods";
import type { Look } from "./style_layers";

const SETTLE_MS = 150; // after which the events before the period of a day are loaded

/** A theatre in one look. `steady` is for a day that will not be left: its tiles alone are loaded, no period. */
export interface TheatreView {
  tileset: string;
  tiles: TileJson;
  look: Look;
  steady: boolean;
  revision: number | null; // of a steady view: the newest that it may know
}

/** What a dated tile is asked for with, as known in a revision. */
const known = (revision: number | null): string => (revision ? `&revision=${revision}` : "");

/** A period, or a single day, on its way or there; `index` is that of its period in the TileJSON's list. */
interface LoadedPeriod {
  index: number;
  notes: Note[];
  directions: string[];
  layers: PeriodLayers | null;
  earlier: EarlierEvents | null;
  ready: Promise<void>;
  dropped: boolean;
}

/** The periods that are in the map at the moment, of which one day is seen. */
export class PeriodsOnMap {
  private count = 0;
  private muted = false;
  private view: TheatreView | null = null;
  private day: Day = "";
  private shown: LoadedPeriod | null = null;
  private settling: ReturnType<typeof setTimeout> | undefined;
  private readonly loaded = new Map<string, LoadedPeriod>(); // of this view, by id of the period, or by day

  /** `onDay` is called in the moment that a day is on the map, `onHole` where a part of it turns out missing. */
  constructor(
    private readonly map: MapLibre,
    private readonly onDay: (day: Day, notes: Note[]) => void,
    private readonly onHole: () => void,
  ) {}

  /** The id of the source that the reader sees; empty before the first. */
  get source(): string {
    return this.shown?.layers?.source ?? "";
  }

  /** The ids of the style layers that the reader sees of a role. */
  layerIds(role: Role): string[] {
    const { layers, earlier } = this.shown ?? {};
    return [...(layers?.layerIds(role) ?? []), ...(earlier?.layerIds(role) ?? [])];
  }

  /** The layer of notes that the reader sees; empty where there is none, or it is off. */
  get notesLayer(): string {
    return this.view?.look.drawn.find(({ role }) => role === "notes")?.name ?? "";
  }

  /** Whether the theatre that the reader sees has so few events that their marks are large from afar. */
  get fewEvents(): boolean {
    return this.view?.look.fewEvents ?? false;
  }

  /** A filter of the events whose marks may be seen on the shown day. */
  get mayBeSeen(): FilterSpecification {
    return mayBeSeen(this.day, this.view?.look.window ?? Infinity);
  }

  /** The numbers, from 1 on, that notes of the shown day have on the map. */
  numbers(notes: Note[]): Map<Note, number> {
    const { directions = [] } = this.shown ?? {};
    return new Map(notes.map((note) => [note, directions.indexOf(textOf(note.properties["direction"])) + 1]));
  }

  /** Load for this view from now on; what is seen of another one stays until a day of this one is there. */
  open(view: TheatreView): void {
    this.view = view;
    for (const period of this.loaded.values()) if (period !== this.shown) this.drop(period);
    this.loaded.clear();
  }

  /** Take everything of the theatre off the map. */
  clear(): void {
    for (const period of this.everything()) this.drop(period);
    this.loaded.clear();
    this.shown = null;
  }

  /** Let go of everything, which the map has lost already. */
  abandon(): void {
    for (const period of this.everything()) {
      period.dropped = true;
      period.layers?.abandon();
      period.earlier?.abandon();
    }
    this.loaded.clear();
    this.shown = null;
  }

  /** Draw the areas faintly, under a comparison, or fully again. */
  mute(muted: boolean): void {
    this.muted = muted;
    this.shown?.layers?.mute(muted);
  }

  /** Show a day in this very frame, where its period is there; whether that was so. */
  instantly(day: Day): boolean {
    const period = this.loaded.get(this.keyOf(day));
    const layers = period?.layers;
    const there = layers && (period === this.shown ? !layers.tiles.broken : layers.tiles.areWhole);
    if (there) this.reveal(period, day);
    return Boolean(there);
  }

  /** Load a day unseen, whole; rejects where a part of it fails. */
  async prepare(day: Day): Promise<Prepared> {
    const period = this.period(this.keyOf(day), this.indexOf(day), day);
    await period.ready;
    if (!period.layers?.tiles.areWhole) await period.layers?.tiles.whole(); // which draws a frame
    return { reveal: () => this.reveal(period, day), drop: () => this.keepNear(null) };
  }

  /** Stop loading what is near neither the shown day nor this one, which the reader wants. */
  aim(day: Day): void {
    this.keepNear(this.keyOf(day));
  }

  /** Load the periods before and after the shown one, so that time can go on without a pause. */
  lookAhead(): void {
    const { view, shown } = this;
    if (!view || !shown || view.steady) return;
    const first = view.tiles.time.history.periods[shown.index]?.first_day;
    if (first) this.lookBack(shown, first);
    for (const index of [shown.index + 1, shown.index - 1]) {
      const period = view.tiles.time.history.periods[index];
      if (!period) continue;
      const day = index > shown.index ? period.first_day : period.last_day;
      const loaded = this.period(period.id, index, day);
      if (index < shown.index || loaded.earlier) continue;
      loaded.ready.then(
        () => !loaded.dropped && this.lookBack(loaded, day), // for the step into it
        () => undefined,
      );
    }
  }

  private everything(): Set<LoadedPeriod> {
    return new Set([...this.loaded.values(), ...(this.shown ? [this.shown] : [])]);
  }

  private keyOf(day: Day): string {
    if (this.view?.steady) return day;
    return this.view?.tiles.time.history.periods[this.indexOf(day)]?.id ?? "";
  }

  private indexOf(day: Day): number {
    return this.view ? periodIndex(this.view.tiles.time.history.periods, day) : 0;
  }

  private reveal(period: LoadedPeriod, day: Day): void {
    const before = this.shown;
    this.day = day;
    period.layers?.mute(this.muted);
    period.layers?.reveal(dayNumber(day));
    period.earlier?.reveal(dayNumber(day));
    this.shown = period;
    if (before && before !== period) {
      if ([...this.loaded.values()].includes(before)) {
        before.layers?.hide();
        before.earlier?.hide();
      } else this.drop(before);
      this.keepNear(null);
    }
    this.onDay(day, notesOn(period.notes, day));
    clearTimeout(this.settling);
    if (period.earlier) return;
    this.settling = setTimeout(() => {
      if (this.shown !== period) return;
      this.lookBack(period, day);
      period.earlier?.reveal(dayNumber(day));
    }, SETTLE_MS);
  }

  /** Load the events before a period, or before a single day, that are in the window of a day of it. */
  private lookBack(period: LoadedPeriod, day: Day): void {
    if (period.earlier || !period.layers || !this.view) return;
    const below = period.layers.lowestOfEvents;
    if (!below) return;
    period.earlier = EarlierEvents.of(this.map, this.view, period.index, day, below, () => {
      period.earlier?.remove();
      period.earlier = null;
      this.hole(period);
    });
  }

  private keepNear(wanted: string | null): void {
    for (const [key, period] of this.loaded) {
      const near = this.shown && !this.view?.steady && Math.abs(period.index - this.shown.index) <= 1;
      if (period !== this.shown && !near && key !== wanted) this.forget(period);
    }
  }

  /** The period under this key, loading if it is not there; *day* is the one that it is drawn as of at first. */
  private period(key: string, index: number, day: Day): LoadedPeriod {
    const there = this.loaded.get(key);
    if (there && !there.layers?.tiles.broken) return there;
    const period: LoadedPeriod = {
      index,
      notes: [],
      directions: [],
      layers: null,
      earlier: null,
      dropped: false,
      ready: Promise.resolve(),
    };
    this.loaded.set(key, period);
    period.ready = this.load(period, key, day);
    period.ready.catch(() => {
      if (!period.dropped) this.forget(period); // else nobody asks again
    });
    return period;
  }

  private async load(loaded: LoadedPeriod, key: string, day: Day): Promise<void> {
    const { tileset, tiles, look, steady, revision } = this.view!;
    const { history } = tiles.time;
    const [first, last] = steady ? [day, day] : daysOf(tiles.time, loaded.index);
    const { notes } = tiles.layers;
    if (notes !== undefined) loaded.notes = await readNotes(tileset, notes, first, last, known(revision));
    if (loaded.dropped) throw new Error(`${key} is not wanted any more`);
    loaded.directions = directionsOf(loaded.notes);
    loaded.layers = new PeriodLayers(
      this.map,
      `${DATED}${key}-${++this.count}`,
      {
        ...tiles,
        url:
          (steady
            ? `${tiles.tiles?.[0]}?datetime=${day}${known(revision)}`
            : history.tiles.replace("{period}", key)) + facingIn(tiles),
      },
      look,
      { directions: loaded.directions, baseDay: steady ? null : dayNumber(day) },
      () => this.hole(loaded),
    );
    await loaded.layers.tiles.whole();
  }

  private hole(period: LoadedPeriod): void {
    if (period === this.shown) this.onHole();
    else this.forget(period);
  }

  private forget(period: LoadedPeriod): void {
    for (const [key, own] of this.loaded) if (own === period) this.loaded.delete(key);
    if (period !== this.shown) this.drop(period);
  }

  private drop(period: LoadedPeriod): void {
    period.dropped = true;
    period.earlier?.remove();
    period.layers?.remove();
  }
}
