// The documents of the server about its theatres, as JSON has them; read once, and turned from layers to roles.

import type { Day } from "./days";
import type { History } from "./periods";
import { ask } from "./served";
import type { Text } from "./texts";

/** A theatre; `bounds` are west, south, east, north in degrees, `centre` longitude, latitude and zoom. */
export interface Theatre {
  id: string;
  title: Text;
  notice: Text;
  bounds: [number, number, number, number];
  centre: [number, number, number];
  day_zone: string;
  opens_at: Day | "";
  tileset: string;
}

/** All theatres of a server, and the id of the one that opens unasked. */
export interface Catalogue {
  theatres: Theatre[];
  default: string;
}

/** A status of areas, or a kind of events, with its colours as CSS hex. */
export interface Category {
  code: string;
  label: Text;
  colour: string;
  colour_dark: string;
  pattern: "none" | "hatch" | "dots" | "pale";
  side?: string; // who holds land of this status; "" or absent is nobody
}

/** Where data comes from, and under which terms. */
export interface Source {
  publisher: string;
  licence: string;
  attribution: string;
  url: string;
}

/** As what the map draws a layer. Nothing here asks for a layer's name: a theatre calls its layers what it likes. */
export type Role = "areas" | "front" | "overlay" | "events" | "notes";
/** The roles of which a map draws every layer; of the others the first one. */
const SEVERAL: ReadonlySet<Role> = new Set<Role>(["overlay", "events"]);
/** A value for each role that a layer has. */
export type ByRole<T> = Partial<Record<Role, T>>;

/** The fields of a layer that carry evidence, each by its duty and '' for none, and the classes of exactness: how wide
 *  the square is in whose middle a place was put, 0 for a place that is exact. */
export interface Evidence {
  exactness: string;
  classes: { code: string; metres: number; label: Text }[];
  sources: string;
  graphic: string;
}

/** Of which layer's areas a front is the edge, and for which side it is drawn. */
export interface Derived {
  layer: string;
  side: string;
}

/** A layer that the map draws: its words, its legend, the property that holds its categories, the last day of which
 *  anything is known, and the number of the first of its shapes, which are counted through all layers of events. */
export interface DrawnLayer {
  name: string;
  role: Role;
  title: Text;
  legend: Category[];
  category: string;
  newest: Day | null;
  shape: number;
  derived?: Derived; // of a front
  arrows?: boolean; // of notes: whether they may declare arrows or sectors
  evidence?: Evidence & { latitude: number }; // for which rings are drawn as wide as they are on the ground
  vocabularies?: Record<string, { code: string; label: Text }[]>; // of other fields than the category, by field
}

/** The days that a tileset has; `embargo` is an ISO 8601 duration, `horizon` the newest public instant in UTC. */
interface Time {
  first_day: Day;
  last_day: Day;
  newest: Record<string, Day | null>;
  default: Day;
  day_zone: string;
  embargo: string;
  horizon: string;
  updated: string | null; // the instant of the last change of what is public
  published?: string; // of a copy in files: the instant at which it was made
  revision: number; // the newest that anything of it is known in
  history: History;
  days: string; // URL of the timeline
  gains?: string | null; // URL of who gained what, day by day
  changes: { tiles: string; document: string; sides?: string } | null;
}

/** The TileJSON of a tileset as it is answered; without `tiles` it has no tiles of dates, only history. */
export interface Answered {
  tiles?: string[];
  bounds: [number, number, number, number];
  minzoom: number;
  maxzoom: number;
  attribution: string;
  vector_layers: { id: string; role: Role | "none"; title?: Text; derived?: Derived; fields?: object }[];
  time: Time;
  categories: Record<string, Category[]>;
  category: Record<string, string>;
  looks?: Record<string, Pick<Category, "colour" | "colour_dark" | "pattern">>;
  notice: Text;
  sources: Record<string, Source>;
  evidence?: Record<string, Evidence>;
  vocabularies?: Record<string, NonNullable<DrawnLayer["vocabularies"]>>;
}

/** The TileJSON of a tileset, with the layers that the map draws, in the order of the definition; and by role the name
 *  of the first, its categories and the property that holds them. Events are as new as the newest of their layers. */
export interface TileJson extends Omit<Answered, "categories" | "category" | "time"> {
  drawn: DrawnLayer[];
  layers: ByRole<string>;
  legend: ByRole<Category[]>;
  category: ByRole<string>;
  time: Omit<Time, "newest"> & { newest: ByRole<Day | null> };
}

/** A day of the timeline: the roles that are known from then on, how often a part of the areas changed, how many
 *  events there were, also by layer, and the net gain of each status in km2. */
export interface DayCount {
  day: Day;
  begins: Role[];
  areas: number;
  events: number;
  unfiltered?: number; // events before the reader left some out; where none are, `events` has all
  happened?: Record<string, number>;
  km2: Record<string, number>;
}

/** Read a document as JSON. Throws where the answer is none. */
export async function read<T>(path: string): Promise<T> {
  const response = await ask(path); // without a header of its own: what the page preloads is asked for like that
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as T;
}

/** Read the catalogue of the server. */
export const readCatalogue = (): Promise<Catalogue> => read("tilesets");

/** Read the TileJSON of a tileset. */
export const readTileJson = async (tileset: string): Promise<TileJson> =>
  byRole(await read<Answered>(`tilesets/${encodeURIComponent(tileset)}`));

/** Read the days of a tileset on which anything happened, ascending; `begins` still names layers. */
export const readTimeline = (
  tileset: string,
): Promise<{ days: (Omit<DayCount, "begins"> & { begins: string[] })[] }> =>
  read(`tilesets/${encodeURIComponent(tileset)}/timeline`);

/** The TileJSON by role and by drawn layer. */
export function byRole(answered: Answered): TileJson {
  const drawn: DrawnLayer[] = [],
    layers: ByRole<string> = {},
    legend: ByRole<Category[]> = {},
    category: ByRole<string> = {};
  let shape = 0;
  for (const { id, role, title = {}, derived, fields = {} } of answered.vector_layers) {
    if (role === "none" || (layers[role] !== undefined && !SEVERAL.has(role))) continue;
    const look = answered.looks?.[id];
    const own: DrawnLayer = {
      name: id,
      role,
      title,
      legend: answered.categories[id] ?? (look ? [{ code: "", label: title, ...look }] : []),
      category: answered.category[id] ?? "",
      newest: answered.time.newest[id] ?? null,
      shape: role === "events" ? shape : 0,
    };
    if (derived) own.derived = derived;
    if (role === "notes" && ("arrow" in fields || "sector" in fields)) own.arrows = true;
    const evidence = answered.evidence?.[id];
    if (evidence) own.evidence = { ...evidence, latitude: (answered.bounds[1] + answered.bounds[3]) / 2 };
    own.vocabularies = answered.vocabularies?.[id] ?? {};
    drawn.push(own);
    shape += role === "events" ? own.legend.length : 0;
    layers[role] ??= id;
    legend[role] ??= own.legend;
    category[role] ??= own.category;
  }
  return {
    ...answered,
    drawn,
    layers,
    legend,
    category,
    time: { ...answered.time, newest: newestOf(drawn) },
  };
}

/** The last day of which anything is known, by role: of several layers that of the newest. */
export function newestOf(drawn: readonly DrawnLayer[]): ByRole<Day | null> {
  const newest: ByRole<Day | null> = {};
  for (const { role, newest: own } of drawn) newest[role] = laterOf(newest[role] ?? null, own);
  return newest;
}

const laterOf = (one: Day | null, other: Day | null): Day | null =>
  one && other ? (one > other ? one : other) : (one ?? other);

/** The roles of layers, in their order; layers that the map does not draw have none. */
export const rolesOf = (names: readonly string[], { drawn }: Pick<TileJson, "drawn">): Role[] =>
  names.flatMap((name) => drawn.filter((layer) => layer.name === name).map(({ role }) => role));

/** The layers that a reader may switch on and off: events and overlays of which anything is known. */
export const switchable = ({ drawn }: Pick<TileJson, "drawn">): DrawnLayer[] =>
  drawn.filter(({ role, newest }) => SEVERAL.has(role) && newest !== null);

/** The names of the layers that are off until a reader turns them on. */
export const offAtFirst = ({ drawn }: Pick<TileJson, "drawn">): Set<string> =>
  new Set(drawn.filter(({ role }) => role === "overlay").map(({ name }) => name));

/** How often control changed on this day. */
export const changesOf = (count: DayCount | undefined): number => count?.areas ?? 0;

/** The km2 that changed hands on this day, on balance: all that was gained, or all that was lost where that is more. */
export function km2Of(count: DayCount | undefined): number {
  const nets = Object.values(count?.km2 ?? {});
  return Math.max(...[1, -1].map((side) => nets.reduce((sum, net) => sum + Math.max(0, side * net), 0)));
}
