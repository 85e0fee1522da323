// The reader's events: the tool with their list, the mark of the one that is pointed at, and the popup that a link opens.

import type { Map as MapLibre } from "maplibre-gl";
import type { Follower } from "./afterwards";
import type { Theme } from "./basemap";
import type { DrawnLayer } from "./catalogue";
import { complain } from "./complain";
import { dayText, type Day } from "./days";
import { element } from "./dom";
import type { EventChoice } from "./event_choice";
import { eventHead, type Ordering } from "./event_head";
import { EventList, type Box } from "./event_list";
import { markPlace } from "./event_mark";
import { firstDayOf } from "./event_window";
import { LinkedEvent, whyAway } from "./linked_event";
import { readEvents, type ListedEvent } from "./events";
import type { Popups } from "./popup";
import type { Say } from "./texts";
import type { Tool } from "./tools";

const ICON = "M7.5 5H17M7.5 10H17M7.5 15H17M3 5h.01M3 10h.01M3 15h.01";
const MOST = 500; // events of a list
const MOVE_MS = 200; // after which the map's new view is listed
const NEAR = 9; // zoom to which the map flies at least

/** The shown day, the layers of events and those that are on, and what the reader wants of them. */
export interface EventContext {
  theatre: string;
  every: readonly DrawnLayer[];
  layers: readonly DrawnLayer[];
  day: Day;
  choice: EventChoice;
  theme: Theme;
}

/** What the tool needs of the page; `context` is null where no day is shown. */
export interface EventToolOptions {
  map: MapLibre;
  language: string;
  say: Say;
  popups: () => Popups;
  context: () => EventContext | null;
  onChoice: (choice: EventChoice) => void;
  /** Why the event that the link names is not told. */
  onAway: (why: string) => void;
  /** The map is about to be looked at: make way for it where there is little room. */
  makeWay: () => void;
}

/** The tool of events; what is costly follows a day that stands. */
export class EventTool implements Follower {
  private body: HTMLElement | null = null;
  private list: EventList | null = null;
  private ordering: Ordering = { by: "time", inView: false };
  private filtering = false; // whether the filter is unfolded
  private asked: AbortController | null = null;
  private readonly linked = new LinkedEvent();
  private moved: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: EventToolOptions) {
    options.map.on("moveend", () => {
      clearTimeout(this.moved);
      if (this.list && this.ordering.inView) this.moved = setTimeout(() => void this.read(), MOVE_MS);
    });
  }

  /** The tool's button and sheet. */
  get tool(): Tool {
    return {
      id: "events",
      icon: ICON,
      label: this.options.say("eventsTool"),
      key: "l",
      fill: (body) => this.fill(body),
      onClose: () => this.close(),
    };
  }

  leave(): void {
    this.asked?.abort();
    if (this.list) this.list.busy = true;
  }

  async follow(_stand: unknown, isCurrent: () => boolean): Promise<void> {
    await Promise.all([this.read(), this.openLinked(isCurrent)]);
  }

  /** Mark in the list what the reader points at on the map. */
  point(keys: string[]): void {
    this.list?.mark(keys);
  }

  /** Go to an event of the list, and tell of it. */
  private pick(event: ListedEvent): void {
    const { map, popups, makeWay } = this.options;
    makeWay();
    popups().tell(event);
    map.flyTo({ center: [event.lon, event.lat], zoom: Math.max(map.getZoom(), NEAR) });
  }

  private fill(body: HTMLElement): void {
    const { map, language, say, context } = this.options;
    this.body = body;
    this.list = new EventList({
      language,
      say,
      onPick: (event) => this.pick(event),
      onPoint: (event) => markPlace(map, event, context()?.theme ?? "light"),
    });
    body.append(element("div", "event-head"), this.list.element);
    this.head();
    void this.read();
  }

  private close(): void {
    this.asked?.abort();
    markPlace(this.options.map, null, "light");
    this.body = this.list = null;
  }

  private head(): void {
    const context = this.options.context();
    const head = this.body?.querySelector(".event-head");
    if (!head || !context) return;
    const focused = document.activeElement instanceof HTMLInputElement ? document.activeElement : null;
    const made = eventHead({
      ...this.options,
      layers: context.layers,
      choice: context.choice,
      ordering: this.ordering,
      onChoice: (choice) => {
        this.options.onChoice(choice);
        this.head();
      },
      onOrdering: (ordering) => {
        this.ordering = ordering;
        void this.read();
      },
    });
    const again = head.contains(focused) && focused ? { name: focused.name, value: focused.value } : null;
    head.replaceChildren(...made);
    const details = head.querySelector("details");
    if (details) {
      details.open = this.filtering;
      details.addEventListener("toggle", () => (this.filtering = details.open));
    }
    for (const input of head.querySelectorAll("input"))
      if (again && input.name === again.name && (input.type === "checkbox" || input.value === again.value))
        input.focus();
  }

  private async read(): Promise<void> {
    const context = this.options.context();
    const { list } = this;
    if (!list || !context) return;
    this.asked?.abort();
    const asked = (this.asked = new AbortController());
    list.busy = true;
    const { layers, theme } = context;
    const box = this.ordering.inView ? boxOf(this.options.map) : null;
    try {
      const document = await readEvents(
        { ...questionOf(context, MOST), ...(box ? { box } : {}) },
        asked.signal,
      );
      if (!asked.signal.aborted) list.show({ document, layers, theme, by: this.ordering.by, box });
    } catch (error) {
      if (asked.signal.aborted) return;
      complain(error);
      list.fail();
    }
  }

  /** Open the popup of the event that the link names, where it is to be seen, or say once why it is not. */
  private async openLinked(isCurrent: () => boolean): Promise<void> {
    const { context: now, popups, onAway, say, language } = this.options;
    const context = now();
    if (!context?.choice.open || popups().shown === context.choice.open) return;
    const event = await this.linked.read(context);
    if (!isCurrent()) return;
    const why = whyAway(event, context);
    if (event && !why) popups().tell(event);
    else if (why && this.linked.isNews())
      onAway(say(why, { day: event ? dayText(event.from, language) : "" }));
  }
}

/** The events that the map shows: of the window that ends with the day, without what is left out. */
const questionOf = (
  { theatre, layers, day, choice: { window, hidden } }: EventContext,
  limit: number,
): Parameters<typeof readEvents>[0] => ({
  theatre,
  layers,
  first: firstDayOf(day, window),
  last: day,
  hidden,
  limit,
});

function boxOf(map: MapLibre): Box {
  const bounds = map.getBounds();
  return [
    Math.max(-180, bounds.getWest()),
    Math.max(-85, bounds.getSouth()),
    Math.min(180, bounds.getEast()),
    Math.min(85, bounds.getNorth()),
  ];
}
