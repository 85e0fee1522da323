// The queue of wished days: one at a time, whole or not at all. What a reader sees is replaced only by a day that
// is complete; while it is being prepared, wishes pile up and only the newest is kept. Nothing here knows of a map.

import type { Day } from "./days";

/** A day that is complete and unseen. */
export interface Prepared {
  /** Show the day instead of the shown one, within one frame. */
  reveal(): void;
  /** Throw the day away unseen. */
  drop(): void;
}

/** How far the queue is: `ready` where the wanted day is the shown one. */
export interface Progress {
  phase: "loading" | "ready" | "error";
  shown: Day | "";
  wanted: Day | "";
}

/** Who shows days. */
export interface DayQueueOptions {
  /** Show the day at once, where all that it needs is there; whether that was so. */
  instantly?(day: Day): boolean;
  /** Prepare the day unseen. Rejects where any of it failed; then it has cleaned up after itself. */
  prepare(day: Day): Promise<Prepared>;
  onProgress(progress: Progress): void;
  /** Milliseconds to wait before the next attempt, by the number of failures in a row. */
  delay?: (failures: number) => number;
}

const backoff = (failures: number): number => Math.min(30_000, 1000 * 2 ** (failures - 1));

/** Wishes go in, shown days come out. */
export class DayQueue {
  private wanted: Day | "" = "";
  private shown: Day | "" = "";
  private stale = false;
  private busy = false;
  private failures = 0;
  private era = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: DayQueueOptions) {}

  /** Wish for a day. Of several wishes made while one is being prepared the newest is prepared next. */
  want(day: Day): void {
    if (day !== this.wanted) this.failures = 0;
    this.wanted = day;
    if (this.atOnce(day))
      this.report("ready"); // also while another day is being prepared, which then nobody wants
    else void this.run();
  }

  /** Prepare the shown day anew: its look has changed, or part of it is missing. */
  refresh(): void {
    this.stale = true;
    void this.run();
  }

  /** Count no day as shown, and let none that is being prepared be: another theatre opens. */
  forget(): void {
    this.era += 1;
    this.shown = "";
    this.wanted = "";
    this.stale = false;
  }

  private async run(): Promise<void> {
    if (this.busy || !this.wanted) return;
    clearTimeout(this.timer);
    this.busy = true;
    let failed = false;
    while (!failed && this.wanted && (this.wanted !== this.shown || this.stale)) {
      failed = !this.atOnce(this.wanted) && !(await this.attempt(this.wanted));
    }
    this.busy = false;
    if (!failed) this.report("ready");
  }

  private atOnce(day: Day): boolean {
    if (this.stale || !this.options.instantly?.(day)) return false;
    this.shown = day;
    this.failures = 0;
    return true;
  }

  private async attempt(day: Day): Promise<boolean> {
    this.report("loading");
    const { era, stale } = this;
    this.stale = false;
    try {
      const prepared = await this.options.prepare(day);
      const answered = this.shown === this.wanted && this.wanted !== day; // at once, meanwhile
      if (era !== this.era || answered) {
        prepared.drop();
        return true;
      }
      prepared.reveal();
      this.shown = day;
      this.failures = 0;
      return true;
    } catch {
      if (era !== this.era) return true;
      if (day !== this.wanted) {
        this.stale ||= stale;
        return true;
      } // nobody waits for it any more
      this.failures += 1;
      this.stale = true;
      this.report("error");
      this.timer = setTimeout(() => void this.run(), (this.options.delay ?? backoff)(this.failures));
      return false;
    }
  }

  private report(phase: Progress["phase"]): void {
    this.options.onProgress({ phase, shown: this.shown, wanted: this.wanted });
  }
}
