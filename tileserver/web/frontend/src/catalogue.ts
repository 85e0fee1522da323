// The documents of the server about its theatres, as JSON has them; read once, and turned from layers to roles.

import type { Day } from "./days";
import type { History } from "./periods";
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
  pattern: "none" | "hatch" | "dots";
}

/** Where data comes from, and under which terms. */
export interface Source {
  publisher: string;
  licence: string;
  attribution: string;
  url: string;
}

/** As what the map draws a layer. Nothing here asks for a layer's name: a theatre calls its layers what it likes. */
export type Role = "areas" | "front" | "events" | "notes";
/** A value for each role that a layer has. */
export type ByRole<T> = Partial<Record<Role, T>>;

/** The days that a tileset has; `embargo` is an ISO 8601 duration, `horizon` the newest public instant in UTC. */
interface Time {
  first_day: Day;
  last_day: Day;
  newest: Record<string, Day | null>;
  default: Day;
  day_zone: string;
  embargo: string;
  horizon: string;
  history: History;
  changes: { tiles: string; document: string } | null;
}

interface Answered {
  tiles: string[];
  bounds: [number, number, number, number];
  minzoom: number;
  maxzoom: number;
  attribution: string;
  vector_layers: { id: string; role: Role | "none" }[];
  time: Time;
  categories: Record<string, Category[]>;
  category: Record<string, string>;
  notice: Text;
  sources: Record<string, Source>;
}

/** The TileJSON of a tileset, with the layer's name, its categories and the property that holds them by role. */
export interface TileJson extends Omit<Answered, "categories" | "category" | "time"> {
  layers: ByRole<string>;
  legend: ByRole<Category[]>;
  category: ByRole<string>;
  time: Omit<Time, "newest"> & { newest: ByRole<Day | null> };
}

/** A day of the timeline: the roles that are known from then on, how often a part of the areas changed, how many
 *  events there were, and the net gain of each status in km2. */
export interface DayCount {
  day: Day;
  begins: Role[];
  areas: number;
  events: number;
  km2: Record<string, number>;
}

async function read<T>(path: string): Promise<T> {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
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

/** The TileJSON by role. A map draws one layer as each role: the first one. */
export function byRole(answered: Answered): TileJson {
  const layers: ByRole<string> = {},
    legend: ByRole<Category[]> = {},
    category: ByRole<string> = {},
    newest: ByRole<Day | null> = {};
  for (const { id, role } of answered.vector_layers) {
    if (role === "none" || layers[role] !== undefined) continue;
    layers[role] = id;
    legend[role] = answered.categories[id] ?? [];
    category[role] = answered.category[id] ?? "";
    newest[role] = answered.time.newest[id] ?? null;
  }
  return { ...answered, layers, legend, category, time: { ...answered.time, newest } };
}

/** The roles of layers, in their order; layers that the map does not draw have none. */
export const rolesOf = (names: readonly string[], { layers }: Pick<TileJson, "layers">): Role[] =>
  names.flatMap((name) =>
    (Object.entries(layers) as [Role, string][]).filter(([, own]) => own === name).map(([role]) => role),
  );

/** How often control changed on this day. */
export const changesOf = (count: DayCount | undefined): number => count?.areas ?? 0;

/** The km2 that changed hands on this day, on balance: all that was gained, or all that was lost where that is more. */
export function km2Of(count: DayCount | undefined): number {
  const nets = Object.values(count?.km2 ?? {});
  return Math.max(...[1, -1].map((side) => nets.reduce((sum, net) => sum + Math.max(0, side * net), 0)));
}

/** A comparison in figures: the statuses of our side, and the km2 that went from one status to another ("" for none). */
export interface ComparisonDocument {
  held: { statuses: string[] } | null;
  moved: { from: string; to: string; km2: number }[];
}

/** Read the comparison of two days, by the URL template of the TileJSON. */
export const readComparison = (template: string, from: Day, to: Day): Promise<ComparisonDocument> =>
  read(template.replace("{from}", from).replace("{to}", to));
