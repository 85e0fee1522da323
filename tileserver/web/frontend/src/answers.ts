// What other parts of the page ask about a reader's visit: where it is, what a click or an address has to know, what
// there is to share. Nothing is changed here.

import type { Link, Place } from "./address";
import type { Role } from "./catalogue";
import { dayText, type Day } from "./days";
import { eventKey } from "./event_choice";
import type { EventContext } from "./event_tool";
import { cameraOfMap } from "./map";
import type { Numbered } from "./note_numbers";
import { namesOfDirection, type Note } from "./notes";
import type { Parts } from "./parts";
import type { Place as FoundPlace } from "./place_index";
import type { ClickContext } from "./popup";
import type { Shared } from "./share";
import { switchesOf, turnable } from "./switches";
import { pick, type Say } from "./texts";
import type { OpenTheatre } from "./theatre";

/** How far a visit has come: the open theatre, the link as it is by now, what is off, the notes of the shown day. */
export interface Stage {
  open: OpenTheatre | null;
  link: Link;
  off: ReadonlySet<string>;
  notes: Note[];
}

/** Answers from a visit, as it is when somebody asks. */
export class Answers {
  constructor(
    private readonly language: string,
    private readonly say: Say,
    private readonly parts: Parts,
    private readonly at: () => Stage,
  ) {}

  /** The shown day, and which of its events are to be seen; null where no day is shown. */
  eventContext(): EventContext | null {
    const { open, off, link } = this.at();
    const { day, theme } = this.parts.page;
    if (!open || !day) return null;
    const every = open.tiles.drawn.filter(({ role }) => role === "events");
    const layers = every.filter(({ name }) => !off.has(name));
    return { theatre: open.theatre.tileset, every, layers, day, choice: link.events, theme };
  }

  /** A day in a line, for whoever points at it. */
  told(day: Day): string {
    return [dayText(day, this.language, "short"), this.parts.gains.brief(day)].filter(Boolean).join(" · ");
  }

  /** The directions of the day's notes, as places to be found. */
  directions(): FoundPlace[] {
    return this.at().notes.map(({ properties, lon, lat }) => ({
      names: namesOfDirection(properties, this.language),
      zoom: 7,
      at: [lon, lat],
      kind: "direction",
    }));
  }

  /** The notes that are on the map, under their numbers; null where none are. */
  numbered(): Numbered | null {
    const { open, off, notes } = this.at();
    const { page, travel } = this.parts;
    const layer = open?.tiles.layers.notes;
    if (!layer || off.has(layer) || !page.day) return null;
    const { source, fewEvents } = travel.periods;
    return {
      source,
      layer,
      theme: page.theme,
      fewEvents,
      notes: travel.periods.numbers(notes),
    };
  }

  /** What a click is answered from at this moment; null where no day is shown. */
  clickContext(): ClickContext | null {
    const { language, say } = this;
    const { open, notes, link } = this.at();
    const { day } = this.parts.page;
    if (!open || !day) return null;
    const { travel, numbers } = this.parts;
    const layersOf = (role: Role): string[] => [
      ...travel.periods.layerIds(role),
      ...(role === "notes" ? numbers.layerIds : []),
    ];
    return {
      theatre: open.theatre.tileset,
      tiles: open.tiles,
      window: link.events.window,
      linkTo: ({ layer, id }) => (id === undefined ? "" : this.linkTo(eventKey(layer, id))),
      language,
      say,
      day,
      notes,
      comparison: this.parts.comparison.shown,
      layersOf,
    };
  }

  private linkTo(open: string): string {
    const place = this.place();
    return place ? this.parts.address.linkTo({ ...place, events: { ...place.events, open } }) : "";
  }

  /** What the address is to name; null before there is anything. */
  place(): Place | null {
    const { open, off, link } = this.at();
    if (!open || !this.parts.travel.wanted) return null;
    const { compare, known, lang, events } = link;
    const camera = cameraOfMap(this.parts.map);
    const switches = switchesOf(off, open.tiles);
    const theatre = open.theatre.id;
    return { theatre, day: this.parts.page.day, compare, known, camera, switches, lang, events };
  }

  /** What there is to share; null before a day is on the map. */
  shared(): Shared | null {
    const { open, off } = this.at();
    const place = this.place();
    if (!open || !place?.day) return null;
    const { tiles, theatre } = open;
    const title = pick(theatre.title, this.language) || theatre.id;
    const files = !tiles.tiles; // which know no day as it was known once
    return {
      place,
      title,
      revision: files ? 0 : tiles.time.revision,
      files,
      layers: turnable(tiles),
      off,
    };
  }
}
