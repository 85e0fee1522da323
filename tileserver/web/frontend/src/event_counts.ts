// The events of each day as card and chart count them: by the timeline, or where the reader leaves some out, as the
// server counts the others.

import type { DayCount } from "./catalogue";
import { complain } from "./complain";
import type { Day } from "./days";
import { readEvents } from "./events";
import { countsOf, type OpenTheatre } from "./theatre";

/** The counts of the open theatre; while others are asked for there are none, which is better than wrong ones. */
export class EventCounts {
  private left: ReadonlyMap<Day, number> | null = null;
  private known = false; // whether what is left was counted, or is asked for
  private number = 0;

  /** The days of the timeline with the events that are left of each. */
  days(open: OpenTheatre, off: ReadonlySet<string>): DayCount[] {
    const { left, known } = this;
    const all = countsOf(open, off);
    if (!left) return all;
    return all.map((count) => ({
      ...count,
      events: left.get(count.day) ?? 0,
      ...(known ? { unfiltered: count.events } : {}),
    }));
  }

  /** Count anew, of layers that are not *off* and without the hidden terms; `onCounted` is called where that took asking. */
  async begin(
    open: OpenTheatre,
    off: ReadonlySet<string>,
    hidden: ReadonlySet<string>,
    onCounted: () => void,
  ): Promise<void> {
    const number = ++this.number;
    this.left = hidden.size ? new Map<Day, number>() : null;
    this.known = false;
    if (!this.left) return;
    const layers = open.tiles.drawn.filter(({ role, name }) => role === "events" && !off.has(name));
    const theatre = open.theatre.tileset;
    try {
      const { days } = await readEvents({ theatre, layers, first: null, last: null, hidden, limit: 0 });
      if (number !== this.number) return;
      this.left = new Map(days.map(({ day, events }) => [day, events]));
      this.known = true;
      onCounted();
    } catch (error) {
      complain(error);
    }
  }
}
