// The list of events as a server gives it, made of files: each has the events of some days, the newest first, and one
// that lasts is in the file of every day that it has something of.

import type { Day } from "../days";
import { choiceOf, eventKey, isHidden } from "../event_choice";
import type { EventsDocument, ListedEvent } from "../events";

/** Some local days, both of it, and the file of their events. */
export interface Piece {
  first: Day;
  last: Day;
  file: string;
}

/** Which events are asked for, by the address that a server is asked at. */
export interface Listing {
  layers: ReadonlySet<string>;
  first: Day; // "" from the beginning
  last: Day; // "9999" to the end
  limit: number;
  event: string; // "layer.id" of the only one; "" for all
  isListed: (event: ListedEvent) => boolean;
}

/** Read an address such as `tilesets/x.events,x.damage/events.json?datetime=../2023-11-09`. */
export function listingOf(tileset: string, query: URLSearchParams): Listing {
  const layers = new Set(tileset.split(",").map((name) => name.slice(name.indexOf(".") + 1)));
  const [from = "", to = from] = (query.get("datetime") ?? "../..").split("/");
  const first = from === ".." ? "" : from,
    last = to === ".." ? "9999" : to;
  const { hidden } = choiceOf((name) => (name === "hide" ? query.get("hide") : null));
  const [west = -180, south = -90, east = 180, north = 90] = query.get("bbox")?.split(",").map(Number) ?? [];
  const event = query.get("event") ?? "";
  return {
    layers,
    first,
    last,
    limit: Number(query.get("limit") ?? 500),
    event,
    isListed: (one) =>
      layers.has(one.layer) &&
      one.from <= last &&
      one.to >= first &&
      west <= one.lon &&
      one.lon <= east &&
      south <= one.lat &&
      one.lat <= north &&
      (!event || eventKey(one.layer, one.id) === event) &&
      !isHidden(hidden, one.layer, one.properties),
  };
}

/** The pieces that a listing may have events of, the newest first. */
export const piecesOf = (pieces: readonly Piece[], { first, last }: Listing): Piece[] =>
  pieces.filter((one) => one.first <= last && one.last >= first).toReversed();

/** The document of a listing from the events of its pieces, in the order of `piecesOf`. */
export function documentOf(listing: Listing, pieces: readonly (readonly ListedEvent[])[]): EventsDocument {
  const every = pieces.flatMap((events) => events.filter(listing.isListed));
  const oldest = new Map(every.map(({ layer, id }, i) => [eventKey(layer, id), i])); // where it is in its order
  const found = every.filter(({ layer, id }, i) => oldest.get(eventKey(layer, id)) === i);
  const days = new Map<Day, number>();
  for (const { from } of found.toReversed()) days.set(from, (days.get(from) ?? 0) + 1);
  return {
    total: found.length,
    days: [...days].map(([day, events]) => ({ day, events })).sort((a, b) => (a.day < b.day ? -1 : 1)),
    events: found.slice(0, listing.limit),
  };
}
