// A list of events made of files is the one that a server gives.

import assert from "node:assert/strict";
import { test } from "node:test";
import { documentOf, listingOf, piecesOf } from "../src/site/listing";
import type { ListedEvent } from "../src/events";

const event = (id: number, from: string, to = from, more: Partial<ListedEvent> = {}): ListedEvent => ({
  layer: "events",
  id,
  from,
  to,
  lon: 30,
  lat: 50,
  properties: { kind: "battle" },
  ...more,
});

const LASTING = event(2, "2023-01-30", "2023-02-02");
const PIECES = [
  { first: "2023-01-01", last: "2023-01-31", file: "january" },
  { first: "2023-02-01", last: "2023-02-28", file: "february" },
];
const EVENTS: Record<string, ListedEvent[]> = {
  january: [event(3, "2023-01-31"), LASTING, event(1, "2023-01-02", "2023-01-02", { layer: "damage" })],
  february: [
    event(5, "2023-02-10", "2023-02-10", { properties: { kind: "siege" }, lat: 48 }),
    event(4, "2023-02-10"),
    LASTING,
  ],
};
const ask = (query: string, tileset = "x.events,x.damage"): ReturnType<typeof documentOf> => {
  const listing = listingOf(tileset, new URLSearchParams(query));
  return documentOf(
    listing,
    piecesOf(PIECES, listing).map(({ file }) => EVENTS[file]!),
  );
};
const ids = (query: string, tileset?: string): number[] => ask(query, tileset).events.map(({ id }) => id);

test("events of all files come once each, the newest first, whichever files they go on into", () => {
  assert.deepEqual(ids("datetime=../.."), [5, 4, 3, 2, 1]);
  assert.deepEqual(ask("datetime=../..&limit=0"), {
    total: 5,
    days: [
      { day: "2023-01-02", events: 1 },
      { day: "2023-01-30", events: 1 },
      { day: "2023-01-31", events: 1 },
      { day: "2023-02-10", events: 2 },
    ],
    events: [],
  });
});

test("a window has what happened on any of its days, and what had begun before", () => {
  assert.deepEqual(ids("datetime=2023-02-02/2023-02-09"), [2]);
  assert.deepEqual(ids("datetime=../2023-01-31"), [3, 2, 1]);
  assert.deepEqual(ids("datetime=2023-02-10/2023-02-10&limit=1"), [5]);
});

test("a list is of the layers that are asked for, of a part of the map, without what is hidden, or of one event", () => {
  assert.deepEqual(ids("datetime=../..", "x.damage"), [1]);
  assert.deepEqual(ids("datetime=../..&bbox=29,47,31,49"), [5]);
  assert.deepEqual(ids("datetime=../..&hide=events.kind.siege.shelling"), [4, 3, 2, 1]);
  assert.deepEqual(ids("datetime=../..&event=damage.1"), [1]);
});
