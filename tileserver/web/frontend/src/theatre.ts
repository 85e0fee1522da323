// The open theatre: everything the server says of it, read when it opens, and its TileJSON once more where a
// period turns out to be gone.

import { newestOf, readCatalogue, readTileJson, readTimeline, rolesOf } from "./catalogue";
import type { Link } from "./address";
import { knownOn } from "./ages";
import type { Theme } from "./basemap";
import type { Catalogue, DayCount, Theatre, TileJson } from "./catalogue";
import { complain } from "./complain";
import type { Day } from "./days";
import type { Span } from "./histogram";
import type { Note } from "./notes";
import type { EventsIn, Told } from "./panel";
import type { TheatreView } from "./periods_on_map";
import type { EventChoice } from "./event_choice";
import { firstDayOf, type EventWindow } from "./event_window";
import { openingDay, type Opening } from "./state";

/** A theatre with its TileJSON and the days of its timeline, ascending. */
export interface OpenTheatre {
  theatre: Theatre;
  tiles: TileJson;
  days: DayCount[];
}

/** Nothing of a theatre is public yet, so there is no day to show. */
export class NothingPublic extends Error {}

/** Read a theatre; with an empty id the one that opens unasked. Throws where the server has no such theatre, and
 *  `NothingPublic`. */
export async function readTheatre(catalogue: Catalogue, id: string): Promise<OpenTheatre> {
  const theatre = catalogue.theatres.find((one) => one.id === (id || catalogue.default));
  if (!theatre) throw new Error(`the server has no theatre ${id}`); // never another war's map
  const [tiles, timeline] = await Promise.all([readTileJson(theatre.tileset), readTimeline(theatre.tileset)]);
  if (!tiles.time.last_day) throw new NothingPublic(`nothing of ${theatre.id} is public`);
  return { theatre, tiles, days: daysByRole(timeline, tiles) };
}

const daysByRole = ({ days }: Awaited<ReturnType<typeof readTimeline>>, tiles: TileJson): DayCount[] =>
  days.map((count) => ({ ...count, begins: rolesOf(count.begins, tiles) }));

/** A theatre with the catalogue that it is in. */
export interface Opened {
  catalogue: Catalogue;
  open: OpenTheatre;
}

/** Read a theatre, and the catalogue where that is not known yet; see `readTheatre`. */
export async function readOpening(id: string, known: Catalogue | null): Promise<Opened> {
  const catalogue = known ?? (await readCatalogue());
  return { catalogue, open: await readTheatre(catalogue, id) };
}

/** The first and the last public day of a tileset. */
export const spanOf = ({ time }: TileJson): Span => ({ first: time.first_day, last: time.last_day });

/** The day that a theatre opens at by a link; `asked` is the link's own day where that is not public, else "". */
export const openingOf = ({ theatre, tiles }: OpenTheatre, at: Link["at"]): Opening =>
  openingDay(at, theatre.opens_at, tiles.time);

const FEW_EVENTS = 500; // of which no week of a war covers the front from afar

/** Whether a theatre has so few events that their marks may be large from afar; as pictures have it. */
export const hasFewEvents = ({ days }: Pick<OpenTheatre, "days">): boolean =>
  days.reduce((all, { events }) => all + events, 0) <= FEW_EVENTS;

/** A theatre as the map shows it, without the layers that are *off*; `steady` is for a day that will not be left,
 *  of which only tiles of dates can make use. */
export function viewOf(
  open: OpenTheatre,
  theme: Theme,
  off: ReadonlySet<string>,
  { window, hidden }: EventChoice,
  steady: boolean,
  revision: number | null,
): TheatreView {
  const { theatre, tiles } = open;
  const drawn = tiles.drawn.filter(({ name }) => !off.has(name));
  return {
    tileset: theatre.tileset,
    tiles,
    look: { theme, drawn, sides: !off.has("sides"), window, hidden, fewEvents: hasFewEvents(open) },
    steady: steady && Boolean(tiles.tiles),
    revision,
  };
}

/** The events of a window that ends with *day*; null for a window of that day alone. */
export function countIn(days: readonly DayCount[], day: Day, window: EventWindow): EventsIn | null {
  const first = firstDayOf(day, window) ?? "";
  const within = days.filter((count) => first <= count.day && count.day <= day);
  const sum = (of: (count: DayCount) => number): number => within.reduce((all, one) => all + of(one), 0);
  return window > 1
    ? {
        window,
        count: sum(({ events }) => events),
        all: sum(({ events, unfiltered }) => unfiltered ?? events),
      }
    : null;
}

/** The days of the timeline, of events those of layers that are not *off*. */
export function countsOf({ tiles, days }: OpenTheatre, off: ReadonlySet<string>): DayCount[] {
  const hidden = tiles.drawn.filter(({ role, name }) => role === "events" && off.has(name));
  if (hidden.length === 0) return days;
  return days.map((count) => ({
    ...count,
    events: hidden.reduce((left, { name }) => left - (count.happened?.[name] ?? 0), count.events),
  }));
}

/** What the card tells from: `days` are those of the layers that are not `off`, `fixed` is whether the day is not left,
 *  so that it does not matter whether it is the newest. */
export interface Telling {
  day: Day;
  notes: Note[];
  off: ReadonlySet<string>;
  days: readonly DayCount[];
  window: EventWindow;
  fixed: boolean;
}

/** A day as the card tells it: of the layers that are not off, as if there were no other. */
export function toldOn(open: OpenTheatre, { day, notes, off, days, window, fixed }: Telling): Told {
  const drawn = open.tiles.drawn.filter(({ name }) => !off.has(name));
  const known = knownOn(day, { ...open.tiles.time, newest: newestOf(drawn) }, days, drawn);
  const count = days.find((one) => one.day === day);
  return { day, count, within: countIn(days, day, window), known, notes, fixed };
}

/** Read the TileJSON once more; whether there was an answer. */
export async function readAgain(open: OpenTheatre): Promise<boolean> {
  const tiles = await readTileJson(open.theatre.tileset).catch(() => null);
  if (tiles) open.tiles = tiles;
  return tiles !== null;
}

/** Read a theatre as it is by now; null where nothing was published since, nothing is public any more, or nobody
 *  answers. */
export async function readNews({ theatre, tiles: before }: OpenTheatre): Promise<OpenTheatre | null> {
  const tiles = await readTileJson(theatre.tileset).catch(() => null);
  if (!tiles?.time.last_day || JSON.stringify(tiles.time) === JSON.stringify(before.time)) return null;
  const timeline = await readTimeline(theatre.tileset).catch(() => null);
  return timeline && { theatre, tiles, days: daysByRole(timeline, tiles) };
}

const RETRY_MS = 4000; // after which a server that did not answer is asked again

/** Who opens theatres. */
export interface LoaderOptions {
  /** The theatre that is opened first, which is being read already. */
  ahead: Promise<Opened>;
  /** Settles once layers can be added to the map. */
  drawable: () => Promise<unknown>;
  onOpen: (open: OpenTheatre, catalogue: Catalogue) => void;
  /** The server could not be reached, or has `nothing` that is public, and will be asked again. */
  onFailure: (nothing: boolean) => void;
}

/** Reads the catalogue, and a theatre whenever one is to be opened; again and again until the server answers. */
export class TheatreLoader {
  private catalogue: Catalogue | null = null;
  private ahead: Promise<Opened> | null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: LoaderOptions) {
    this.ahead = options.ahead;
  }

  /** Whether the server has named such a theatre. */
  knows(id: string): boolean {
    return this.catalogue?.theatres.some((one) => one.id === id) ?? false;
  }

  /** Open a theatre by its id, or with an empty one the theatre that opens unasked. */
  async open(id: string): Promise<void> {
    const { drawable, onOpen, onFailure } = this.options;
    clearTimeout(this.timer);
    try {
      const { ahead } = this;
      this.ahead = null;
      const { catalogue, open } = await (ahead ?? readOpening(id, this.catalogue));
      await drawable();
      this.catalogue = catalogue; // only now: it may have lacked the theatre
      onOpen(open, catalogue);
    } catch (error) {
      complain(error);
      onFailure(error instanceof NothingPublic);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.open(id), RETRY_MS);
    }
  }
}
