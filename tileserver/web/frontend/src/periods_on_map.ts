// The pictures in the map: the period that is seen, and unseen the ones before and after it. A day in a picture
// that is whole is shown at once; any other is loaded unseen first, and what is seen stays until then.

import type { Map as MapLibre } from "maplibre-gl";
import type { Role, TileJson } from "./catalogue";
import { clampDay, type Day } from "./days";
import { numberOf, placeOf } from "./periods";
import { directionsOf, notesOn, readNotes, textOf, type Note } from "./notes";
import { Picture } from "./period_layers";
import type { Prepared } from "./dayqueue";
import type { Look } from "./style_layers";

/** What a reel shows: a theatre in one look. `steady` is for a day that will not be left: its tiles alone. */
export interface Show {
  tileset: string;
  tiles: TileJson;
  look: Look;
  steady: boolean;
}

/** With what the ids of sources begin that hold dated things. */
export const DATED = "dated-";

/** A picture on its way or there. `place` is that of its period in the list. */
interface Frame {
  place: number;
  notes: Note[];
  directions: string[];
  picture: Picture | null;
  ready: Promise<void>;
  dropped: boolean;
}

export class Reel {
  private count = 0;
  private muted = false;
  private show: Show | null = null;
  private shown: Frame | null = null;
  private readonly frames = new Map<string, Frame>(); // of this show, by their content

  /** `onDay` is called in the moment that a day is on the map, `onHole` where a part of it turns out missing. */
  constructor(
    private readonly map: MapLibre,
    private readonly onDay: (day: Day, notes: Note[]) => void,
    private readonly onHole: () => void,
  ) {}

  /** The id of the source that the reader sees; empty before the first. */
  get source(): string {
    return this.shown?.picture?.source ?? "";
  }

  layerIds(role: Role): string[] {
    return this.shown?.picture?.layerIds(role) ?? [];
  }

  /** The numbers that notes of the shown day have on the map. */
  numbers(notes: Note[]): Map<Note, number> {
    const { directions = [] } = this.shown ?? {};
    return new Map(notes.map((note) => [note, directions.indexOf(textOf(note.properties["direction"])) + 1]));
  }

  /** What was loaded so far is of another show; what is seen stays until a day of this one is. */
  open(show: Show): void {
    this.show = show;
    for (const frame of this.frames.values()) if (frame !== this.shown) this.drop(frame);
    this.frames.clear();
  }

  /** Take everything of the theatre off the map. */
  clear(): void {
    for (const frame of new Set([...this.frames.values(), this.shown])) if (frame) this.drop(frame);
    this.frames.clear();
    this.shown = null;
  }

  /** The map has lost all that it had. */
  abandon(): void {
    for (const frame of new Set([...this.frames.values(), this.shown])) {
      if (!frame) continue;
      frame.dropped = true;
      frame.picture?.abandon();
    }
    this.frames.clear();
    this.shown = null;
  }

  /** Draw the areas faintly, under something else, or fully again. */
  mute(muted: boolean): void {
    this.muted = muted;
    this.shown?.picture?.mute(muted);
  }

  /** Show a day in this very frame, where what it needs is there. */
  instantly(day: Day): boolean {
    const frame = this.frames.get(this.keyOf(day));
    const there = frame?.picture && (frame === this.shown ? !frame.picture.broken : frame.picture.isWhole);
    if (there) this.reveal(frame, day);
    return Boolean(there);
  }

  /** Load a day unseen, whole. */
  async prepare(day: Day): Promise<Prepared> {
    const frame = this.frame(this.keyOf(day), this.placeOf(day), day);
    await frame.ready;
    await frame.picture?.whole();
    return { show: () => this.reveal(frame, day), drop: () => this.keepNear(null) };
  }

  /** The reader wants this day: what is neither near the shown one nor this one need not be loaded any more. */
  aim(day: Day): void {
    this.keepNear(this.keyOf(day));
  }

  /** Load what lies before and after the shown day, so that time can go on without a pause. */
  lookAhead(): void {
    const { show, shown } = this;
    if (!show || !shown || show.steady) return;
    for (const place of [shown.place + 1, shown.place - 1]) {
      const period = show.tiles.time.history.periods[place];
      if (period && place >= 0)
        this.frame(period.id, place, place > shown.place ? period.first_day : period.last_day);
    }
  }

  private keyOf(day: Day): string {
    return this.show?.steady ? day : (this.show?.tiles.time.history.periods[this.placeOf(day)]?.id ?? "");
  }

  private placeOf(day: Day): number {
    return this.show ? placeOf(this.show.tiles.time.history.periods, day) : 0;
  }

  private reveal(frame: Frame, day: Day): void {
    const before = this.shown;
    frame.picture?.mute(this.muted);
    frame.picture?.show(numberOf(day));
    this.shown = frame;
    if (before && before !== frame) {
      if ([...this.frames.values()].includes(before)) before.picture?.hide();
      else this.drop(before);
      this.keepNear(null);
    }
    this.onDay(day, notesOn(frame.notes, day));
  }

  private keepNear(key: string | null): void {
    for (const [own, frame] of this.frames) {
      const near = this.shown && !this.show?.steady && Math.abs(frame.place - this.shown.place) <= 1;
      if (frame !== this.shown && !near && own !== key) this.forget(frame);
    }
  }

  /** The frame of this content, loading if it is not there; *day* is the one that it is drawn as of at first. */
  private frame(key: string, place: number, day: Day): Frame {
    const held = this.frames.get(key);
    if (held && !held.picture?.broken) return held;
    const frame: Frame = {
      place,
      notes: [],
      directions: [],
      picture: null,
      dropped: false,
      ready: Promise.resolve(),
    };
    this.frames.set(key, frame);
    frame.ready = this.load(frame, key, day);
    frame.ready.catch(() => {
      if (!frame.dropped) this.forget(frame);
    }); // else nobody asks again
    return frame;
  }

  private async load(frame: Frame, key: string, day: Day): Promise<void> {
    const { tileset, tiles, look, steady } = this.show!;
    const { history, first_day, last_day } = tiles.time;
    const period = history.periods[frame.place];
    const [first, last] =
      steady || !period
        ? [day, day]
        : [clampDay(period.first_day, first_day, last_day), clampDay(period.last_day, first_day, last_day)];
    if (tiles.layers.notes !== undefined)
      frame.notes = await readNotes(tileset, tiles.layers.notes, first, last);
    if (frame.dropped) throw new Error(`${key} is not wanted any more`);
    const url = steady ? `${tiles.tiles[0]}?datetime=${day}` : history.tiles.replace("{period}", key);
    frame.directions = directionsOf(frame.notes);
    const scene = { directions: frame.directions, base: steady ? null : numberOf(day) };
    frame.picture = new Picture(
      this.map,
      `${DATED}${key}-${++this.count}`,
      { ...tiles, url },
      look,
      scene,
      () => this.hole(frame),
    );
    await frame.picture.whole();
  }

  private hole(frame: Frame): void {
    if (frame === this.shown) this.onHole();
    else this.forget(frame);
  }

  private forget(frame: Frame): void {
    for (const [key, own] of this.frames) if (own === frame) this.frames.delete(key);
    if (frame !== this.shown) this.drop(frame);
  }

  private drop(frame: Frame): void {
    frame.dropped = true;
    frame.picture?.remove();
  }
}
