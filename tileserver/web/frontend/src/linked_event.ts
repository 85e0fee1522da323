// The event that a link names: asked for by its key, however many others there are, and why it may not be seen.

import { eventKey, isHidden } from "./event_choice";
import type { EventContext } from "./event_tool";
import { firstDayOf } from "./event_window";
import { readEvents, type ListedEvent } from "./events";
import type { Word } from "./texts";

/** What is kept of the event of a link, so that it is read once. */
export class LinkedEvent {
  private of = ""; // of which theatre, and the key
  private event: ListedEvent | null = null;
  private news = false;

  /** The event that the link names, of any day; null where there is none in public. */
  async read({ theatre, every, choice: { open } }: EventContext): Promise<ListedEvent | null> {
    const of = `${theatre}/${open}`;
    if (of === this.of) return this.event;
    const layers = every.filter(({ name }) => open.startsWith(`${name}.`));
    const nothing = { first: null, last: null, hidden: new Set<string>(), limit: 1 };
    const { events } = await readEvents({ theatre, layers, ...nothing, event: open });
    this.of = of;
    this.news = true;
    return (this.event = events.find(({ layer, id }) => eventKey(layer, id) === open) ?? null);
  }

  /** Whether nothing was said of it yet; from now on something is. */
  isNews(): boolean {
    const { news } = this;
    this.news = false;
    return news;
  }
}

/** Why an event is not to be seen on the shown day; null where it is. */
export function whyAway(
  event: ListedEvent | null,
  { day, layers, choice: { window, hidden } }: EventContext,
): Word | null {
  if (!event) return "linkedNone";
  const first = firstDayOf(day, window);
  if (event.from > day || (first !== null && event.to < first)) return "linkedAway";
  const on = layers.some(({ name }) => name === event.layer);
  return on && !isHidden(hidden, event.layer, event.properties) ? null : "linkedHidden";
}
