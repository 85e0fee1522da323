// The list of events beside the map: the same as the map shows, by day or from north to south, each a button that leads
// to its place. It is bounded, and says how many more there are.

import type { DrawnLayer } from "./catalogue";
import { dayText, type Day } from "./days";
import { element, setText } from "./dom";
import { eventKey } from "./event_choice";
import { headingOf } from "./event_popup";
import type { Ordering } from "./event_head";
import type { EventsDocument, ListedEvent } from "./events";
import { textOf, worded } from "./notes";
import { shapeImage } from "./style_layers";
import type { Theme } from "./basemap";
import { pointSwatch } from "./swatches";
import type { Say } from "./texts";

const PAGE = 100; // rows at once; more are a click away

/** West, south, east and north of what the map looks at, in degrees. */
export type Box = readonly [number, number, number, number];

/** In whose words, and who hears what the reader does with a row; null where it is left. */
export interface ListOptions {
  language: string;
  say: Say;
  onPick: (event: ListedEvent) => void;
  onPoint: (event: ListedEvent | null) => void;
}

/** What is listed: of which layers, in which order, and within which part of the map, or null for all of it. */
export interface Listing {
  document: EventsDocument;
  layers: readonly DrawnLayer[];
  theme: Theme;
  by: Ordering["by"];
  box: Box | null;
}

/** The events of a list in their order: the newest first, or from north to south; within a box, where there is one. */
export function ordered(events: readonly ListedEvent[], by: Ordering["by"], box: Box | null): ListedEvent[] {
  const within = ({ lon, lat }: ListedEvent): boolean =>
    !box || (box[0] <= lon && lon <= box[2] && box[1] <= lat && lat <= box[3]);
  const found = events.filter(within);
  return by === "time" ? found : found.sort((one, other) => other.lat - one.lat);
}

/** The rows, and what is said above and below them. */
export class EventList {
  readonly element: HTMLElement;
  private readonly said = element("p", "list-said", [], { role: "status" });
  private readonly rows = element("div", "event-rows");
  private readonly buttons = new Map<string, HTMLElement>();
  private marked: HTMLElement[] = [];
  private drawn = ""; // what the rows were made of

  constructor(private readonly options: ListOptions) {
    this.element = element("section", "event-list-box", [this.said, this.rows]);
  }

  /** Say that what is listed is of another moment than the map. */
  set busy(busy: boolean) {
    for (const one of [this.said, this.rows]) one.classList.toggle("stale", busy);
    this.rows.setAttribute("aria-busy", String(busy));
  }

  /** Say that the events could not be read. */
  fail(): void {
    this.said.textContent = this.options.say("eventsFailed");
    this.rows.replaceChildren();
    this.drawn = "";
    this.busy = false;
  }

  /** List anew: the same rows stay, with who is on them, and an event's new row takes the focus of its old one. */
  show(listing: Listing): void {
    const { document, by, box } = listing;
    const { say } = this.options;
    const found = ordered(document.events, by, box);
    const whole = document.events.length === document.total;
    const counted = (count: number): string =>
      count === 0 ? say("eventsNone") : count === 1 ? say("eventsOne") : say("events", { count });
    const said = whole
      ? counted(found.length)
      : `${counted(document.total)}. ${say("eventsBounded", { count: document.events.length })}`;
    setText(this.said, said);
    this.busy = false;
    const drawn = JSON.stringify([found, by, listing.theme]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const focused = [...this.buttons].find(([, row]) => row === globalThis.document.activeElement)?.[0] ?? "";
    this.buttons.clear();
    this.rows.replaceChildren();
    this.add(found, listing);
    this.buttons.get(focused)?.focus({ preventScroll: true });
  }

  /** Mark the rows of events that the reader points at on the map. */
  mark(keys: readonly string[]): void {
    for (const row of this.marked) row.classList.remove("marked");
    this.marked = keys.flatMap((key) => this.buttons.get(key) ?? []);
    for (const row of this.marked) row.classList.add("marked");
    this.marked[0]?.scrollIntoView({ block: "nearest" });
  }

  private add(found: readonly ListedEvent[], listing: Listing): void {
    let list: HTMLElement | null = null;
    let day: Day | "" = "";
    for (const event of found.slice(0, PAGE)) {
      if (listing.by === "time" && event.from !== day) {
        day = event.from;
        this.rows.append(element("h3", "", [dayText(day, this.options.language)]));
        list = null;
      }
      if (!list) this.rows.append((list = element("ul", "")));
      list.append(element("li", "", [this.row(event, listing)]));
    }
    const rest = found.slice(PAGE);
    if (rest.length === 0) return;
    const more = element("button", "list-more", [this.options.say("eventsMore", { count: rest.length })], {
      type: "button",
    });
    more.addEventListener("click", () => {
      more.remove();
      this.add(rest, listing);
      this.buttons.get(eventKey(rest[0]!.layer, rest[0]!.id))?.focus();
    });
    this.rows.append(more);
  }

  private row(event: ListedEvent, { layers, theme, by }: Listing): HTMLElement {
    const { language, onPick, onPoint } = this.options;
    const layer = layers.find(({ name }) => name === event.layer);
    const index =
      layer?.legend.findIndex(({ code }) => code === textOf(event.properties[layer.category])) ?? -1;
    const shape =
      index < 0
        ? shapeImage(undefined, 3, theme)
        : shapeImage(layer!.legend[index], layer!.shape + index, theme);
    const name = worded(event.properties, "name", language) || textOf(event.properties["place"]);
    const text = worded(event.properties, "text", language);
    const button = element(
      "button",
      "event-row",
      [
        pointSwatch(shape),
        element("span", "row-words", [
          element("span", "row-kind", [
            [headingOf(layer, event.properties, language), name].filter(Boolean).join(" · "),
            ...(by === "place" ? [element("time", "", [dayText(event.from, language, "short")])] : []),
          ]),
          element("span", "row-text", [text]),
        ]),
      ],
      { type: "button" },
    );
    button.addEventListener("click", () => onPick(event));
    for (const type of ["mouseenter", "focus"]) button.addEventListener(type, () => onPoint(event));
    for (const type of ["mouseleave", "blur"]) button.addEventListener(type, () => onPoint(null));
    this.buttons.set(eventKey(event.layer, event.id), button);
    return button;
  }
}
