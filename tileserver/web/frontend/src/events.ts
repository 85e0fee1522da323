// The events of a window as the server lists them: with texts, places and days, bounded, and counted by day.

import type { DrawnLayer } from "./catalogue";
import type { Day } from "./days";
import { hideText } from "./event_choice";
import { ask } from "./served";

/** An event of a list; `from` and `to` are its first and its last day, the place is in degrees. */
export interface ListedEvent {
  layer: string;
  id: number;
  from: Day;
  to: Day;
  lon: number;
  lat: number;
  properties: Record<string, unknown>;
}

/** The newest events of a window, and how many there are in all, also by the day on which they began. */
export interface EventsDocument {
  total: number;
  days: { day: Day; events: number }[];
  events: ListedEvent[];
}

/** Which events are asked for: those of the layers from the first day on, or null for the beginning, to the last one,
 *  both of it; without the hidden terms; within west, south, east, north in degrees; one alone by its key. */
export interface EventsQuestion {
  theatre: string;
  layers: readonly Pick<DrawnLayer, "name">[];
  first: Day | null;
  last: Day | null;
  hidden: ReadonlySet<string>;
  limit: number;
  box?: readonly [number, number, number, number];
  event?: string;
}

const NOTHING: EventsDocument = { total: 0, days: [], events: [] };

/** The address of a list, relative to the page's. */
export function eventsUrl({
  theatre,
  layers,
  first,
  last,
  hidden,
  limit,
  box,
  event,
}: EventsQuestion): string {
  const names = new Set(layers.map(({ name }) => name));
  const hide = hideText([...hidden].filter((term) => names.has(term.split(".")[0] ?? "")));
  const query = [
    `datetime=${first ?? ".."}/${last ?? ".."}`,
    `limit=${limit}`,
    ...(hide ? [`hide=${hide}`] : []),
    ...(event ? [`event=${event}`] : []),
    ...(box ? [`bbox=${box.map((degrees) => Number(degrees.toFixed(4))).join(",")}`] : []),
  ];
  return `tilesets/${[...names].map((name) => `${theatre}.${name}`).join(",")}/events.json?${query.join("&")}`;
}

/** Read a list; nothing where there are no layers. Throws where the server does not answer. */
export async function readEvents(
  asked: EventsQuestion,
  signal: AbortSignal | null = null,
): Promise<EventsDocument> {
  if (asked.layers.length === 0) return NOTHING;
  const url = eventsUrl(asked);
  const response = await ask(url, { headers: { Accept: "application/json" }, signal });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return (await response.json()) as EventsDocument;
}
