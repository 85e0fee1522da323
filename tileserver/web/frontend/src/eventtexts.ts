// The texts of events around a place. Tiles of a period go without them; the server's list has them.

import type { LngLat } from "maplibre-gl";
import type { TileJson } from "./catalogue";
import type { Day } from "./days";
import { firstDayOf, type EventWindow } from "./event_window";
import { readEvents } from "./events";

const MOST = 200;

/** Properties by the event's layer and id, see `textKey`. */
export type Texts = Map<string, Record<string, unknown>>;

/** The key under which the texts of an event are kept. */
export const textKey = (layer: string, id: unknown): string => `${layer}#${String(id)}`;

/** Around which place, so many degrees to each side, and of which window's days. */
export interface TextsQuestion {
  theatre: string;
  tiles: Pick<TileJson, "drawn">;
  at: Pick<LngLat, "lng" | "lat">;
  reach: number;
  day: Day;
  window: EventWindow;
}

/** Read what the server says of the events around a place. */
export async function readTexts({ theatre, tiles, at, reach, day, window }: TextsQuestion): Promise<Texts> {
  const { events } = await readEvents({
    theatre,
    layers: tiles.drawn.filter(({ role }) => role === "events"),
    first: firstDayOf(day, window),
    last: day,
    hidden: new Set(),
    limit: MOST,
    box: [at.lng - reach, at.lat - reach, at.lng + reach, at.lat + reach],
  });
  return new Map(events.map(({ layer, id, properties }) => [textKey(layer, id), properties]));
}
