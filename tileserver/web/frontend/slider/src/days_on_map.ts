// The dated sources in the map: the one that is seen, and out of sight those beside it. A day of a period that is whole
// is shown at once; any other is loaded out of sight first, and what is seen stays until then.

import type { Map as MapLibre } from "maplibre-gl";
import type { Day } from "../../src/days";
import type { Prepared } from "../../src/dayqueue";
import { dayNumber } from "../../src/periods";
import { hasHistory, type VectorLayer } from "./copies";
import { DATED, DatedSource } from "./dated_source";
import { dayTiles, periodOf, type Dated } from "./document";

/** A tileset in the partner's layers; `history` is whether its periods may be used at all. */
export interface View {
  document: Dated;
  layers: readonly VectorLayer[];
  history: boolean;
}

interface Loaded {
  index: number; // of its period, or -1 of a single day
  source: DatedSource;
}

/** The sources of days, of which one is seen. */
export class DaysOnMap {
  private count = 0;
  private view: View | null = null;
  private hasPeriods = false;
  private shown: Loaded | null = null;
  private readonly loaded = new Map<string, Loaded>(); // of this view, by id of the period, or by day

  /** `onDay` is called in the moment that a day is on the map, `onHole` where a part of it turns out missing. */
  constructor(
    private readonly map: MapLibre,
    private readonly onDay: (day: Day) => void,
    private readonly onHole: () => void,
  ) {}

  /** The source that is seen; null before the first. */
  get seen(): DatedSource | null {
    return this.shown?.source ?? null;
  }

  /** Load for this view from now on; what is seen of another one stays until a day of this one is there. */
  open(view: View): void {
    this.view = view;
    // One layer that has to be drawn from single days draws all of them so: a day comes whole or not at all.
    this.hasPeriods = view.history && view.layers.every((layer) => hasHistory(layer, view.document));
    for (const own of this.loaded.values()) if (own !== this.shown) own.source.remove();
    this.loaded.clear();
  }

  /** Take everything off the map. */
  clear(): void {
    for (const { source } of this.everything()) source.remove();
    this.loaded.clear();
    this.shown = null;
  }

  /** Let go of everything, which the map has lost already. */
  abandon(): void {
    for (const { source } of this.everything()) source.abandon();
    this.loaded.clear();
    this.shown = null;
  }

  /** Show a day in this very frame, where all of it is there; whether that was so. */
  instantly(day: Day): boolean {
    const own = this.loaded.get(this.keyOf(day));
    const there = own && (own === this.shown ? !own.source.tiles.broken : own.source.tiles.areWhole);
    if (there) this.reveal(own, day);
    return Boolean(there);
  }

  /** Load a day out of sight, whole; rejects where a part of it fails. */
  async prepare(day: Day): Promise<Prepared> {
    const key = this.keyOf(day);
    const own = this.load(key, day);
    try {
      await own.source.tiles.whole();
    } catch (error) {
      this.forget(key, own);
      throw error;
    }
    return { reveal: () => this.reveal(own, day), drop: () => this.keepNear("") };
  }

  /** Stop loading what is near neither the seen day nor this one, which is wanted. */
  aim(day: Day): void {
    this.keepNear(this.keyOf(day));
  }

  /** Load the periods beside the seen one, so that time can go on without a pause. */
  lookAhead(): void {
    const { view, shown } = this;
    const periods = view?.document.time.history?.periods;
    if (!periods || !shown || shown.index < 0) return;
    for (const index of [shown.index + 1, shown.index - 1]) {
      const period = periods[index];
      if (period) this.load(period.id, index > shown.index ? period.first_day : period.last_day);
    }
  }

  private everything(): Set<Loaded> {
    return new Set([...this.loaded.values(), ...(this.shown ? [this.shown] : [])]);
  }

  private periodOf(day: Day): ReturnType<typeof periodOf> {
    return this.view && this.hasPeriods ? periodOf(this.view.document, day) : null;
  }

  private keyOf(day: Day): string {
    return this.periodOf(day)?.period.id ?? day;
  }

  private load(key: string, day: Day): Loaded {
    const there = this.loaded.get(key);
    if (there && !there.source.tiles.broken) return there;
    const { document, layers } = this.view!;
    const held = this.periodOf(day);
    const url = held
      ? document.time.history!.tiles.replaceAll("{period}", held.period.id)
      : dayTiles(document, day);
    const own: Loaded = {
      index: held?.index ?? -1,
      source: new DatedSource(
        this.map,
        `${DATED}${++this.count}`,
        url,
        document,
        layers,
        held ? dayNumber(day) : null,
        () => (own === this.shown ? this.onHole() : this.forget(key, own)),
      ),
    };
    this.loaded.set(key, own);
    if (there && there !== this.shown) there.source.remove();
    return own;
  }

  private reveal(own: Loaded, day: Day): void {
    const before = this.shown;
    own.source.reveal(dayNumber(day));
    this.shown = own;
    if (before && before !== own) {
      if ([...this.loaded.values()].includes(before)) before.source.hide();
      else before.source.remove();
      this.keepNear("");
    }
    this.onDay(day);
  }

  private keepNear(wanted: string): void {
    for (const [key, own] of this.loaded) {
      const near = this.shown && own.index >= 0 && Math.abs(own.index - this.shown.index) <= 1;
      if (own !== this.shown && !near && key !== wanted) this.forget(key, own);
    }
  }

  private forget(key: string, own: Loaded): void {
    if (this.loaded.get(key) === own) this.loaded.delete(key);
    if (own !== this.shown) own.source.remove();
  }
}
