// The open theatre: everything the server says of it, read when it opens, and its TileJSON once more where a
// period turns out to be gone.

import { readTileJson, readTimeline, rolesOf } from "./catalogue";
import type { Catalogue, DayCount, Theatre, TileJson } from "./catalogue";
import type { Day } from "./days";
import type { Span } from "./histogram";

/** A theatre with its TileJSON and the days of its timeline, ascending. */
export interface OpenTheatre {
  theatre: Theatre;
  tiles: TileJson;
  days: DayCount[];
  countOn: ReadonlyMap<Day, DayCount>;
}

/** Read a theatre; with an empty id the one that opens unasked. Throws where the server has no such theatre. */
export async function readTheatre(catalogue: Catalogue, id: string): Promise<OpenTheatre> {
  const theatre = catalogue.theatres.find((one) => one.id === (id || catalogue.default));
  if (!theatre) throw new Error(`the server has no theatre ${id}`); // never another war's map
  const [tiles, timeline] = await Promise.all([readTileJson(theatre.tileset), readTimeline(theatre.tileset)]);
  const days = timeline.days.map((count) => ({ ...count, begins: rolesOf(count.begins, tiles) }));
  return { theatre, tiles, days, countOn: new Map(days.map((count) => [count.day, count])) };
}

/** The first and the last public day of a tileset. */
export const spanOf = ({ time }: TileJson): Span => ({ first: time.first_day, last: time.last_day });
