// What follows a day that has stood on the map for a while: what is costly to draw or to ask for, and of which nothing
// is said in the meantime. So a step of the slider pays for none of it, and nothing of it stands by another day.

import type { Theme } from "./basemap";
import { type TileJson } from "./catalogue";
import { complain } from "./complain";
import { readKm2 } from "./figures";
import { clampDay, type Day } from "./days";
import type { Amounts, Legend } from "./legend";
import type { Note } from "./notes";
import { kilometres } from "./texts";
import { turn } from "./turns";

const SETTLE_MS = 450; // for which a day has to stand

/** The shown day, and how it is looked at: of which theatre, without what, beside another day or not. */
export interface Stand {
  day: Day;
  theatre: string;
  tiles: TileJson;
  theme: Theme;
  off: ReadonlySet<string>;
  compared: boolean;
  notes: Note[];
  firstOfAreas: Day | ""; // the day from which on areas are known
}

/** Whatever is drawn or told afterwards. */
export interface Follower {
  /** Another day is on the map: nothing that was said or drawn holds any more. Called at every step, so it is cheap. */
  leave(): void;
  /** Follow the day; `isCurrent` is whether it is still the one. */
  follow(stand: Stand, isCurrent: () => boolean): Promise<void>;
}

/** The clock of all followers. */
export class Afterwards {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private number = 0;

  constructor(
    private readonly followers: readonly Follower[],
    private readonly mayFollow: () => boolean,
    private readonly drawn: () => Promise<unknown>,
  ) {}

  /** A day came onto the map, or it is the same day with something else switched on. */
  onDay(stand: Stand): void {
    this.clear();
    document.documentElement.dataset["after"] = "waiting";
    this.wait(stand, this.number);
  }

  /** Nothing is on the map any more. */
  clear(): void {
    clearTimeout(this.timer);
    this.number += 1;
    for (const follower of this.followers) follower.leave();
    delete document.documentElement.dataset["after"];
  }

  private wait(stand: Stand, number: number): void {
    this.timer = setTimeout(() => {
      if (this.mayFollow()) void this.follow(stand, number);
      else this.wait(stand, number); // it plays, or the day is not whole
    }, SETTLE_MS);
  }

  private async follow(stand: Stand, number: number): Promise<void> {
    const isCurrent = (): boolean => number === this.number;
    const done: Promise<void>[] = [];
    for (const one of this.followers) {
      if (!isCurrent()) return;
      done.push(one.follow(stand, isCurrent).catch(complain));
      await turn();
    }
    await Promise.all(done);
    if (isCurrent()) document.documentElement.dataset["listed"] = ""; // the legend has found its length
    if (isCurrent()) await this.drawn();
    if (isCurrent()) document.documentElement.dataset["after"] = "done";
  }
}

/** The amounts of the legend: how much land has each status. */
export class LegendAmounts implements Follower {
  constructor(
    private readonly legend: Legend,
    private readonly language: string,
  ) {}

  leave(): void {
    this.legend.stale = true;
  }

  async follow({ day, theatre, tiles }: Stand, isCurrent: () => boolean): Promise<void> {
    const { areas } = tiles.layers;
    const { newest, first_day, days } = tiles.time;
    if (areas === undefined || !newest.areas) return;
    const measured = clampDay(day, first_day, newest.areas); // what holds later is what that day left
    const km2 = await readKm2(days, `${theatre}.${areas}`, measured).catch(() => null);
    if (!isCurrent()) return;
    this.legend.tell(areas, km2 && this.amounts(km2));
    this.legend.stale = false;
  }

  private amounts(km2: ReadonlyMap<string, number>): Amounts {
    return new Map(
      [...km2]
        .filter(([, own]) => own > 0)
        .map(([status, own]) => [status, kilometres(own, this.language)] as const),
    );
  }
}
