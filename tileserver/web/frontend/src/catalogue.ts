// What the server says about its theatres.

import type { Day } from "./days";
import type { History } from "./periods";
import type { Text } from "./texts";

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

export interface Catalogue {
  theatres: Theatre[];
  default: string;
}

export interface Category {
  code: string;
  label: Text;
  colour: string;
  colour_dark: string;
  pattern: "none" | "hatch" | "dots";
}

export interface Source {
  publisher: string;
  licence: string;
  attribution: string;
  url: string;
}

/** As what the map draws a layer. Nothing here asks for a layer's name: a theatre calls its layers what it likes. */
export type Role = "areas" | "front" | "events" | "notes";
export type ByRole<T> = Partial<Record<Role, T>>;

interface Answered {
  tiles: string[];
  bounds: [number, number, number, number];
  minzoom: number;
  maxzoom: number;
  attribution: string;
  vector_layers: { id: string; role: Role | "none" }[];
  time: {
    first_day: Day;
    last_day: Day;
    newest: Record<string, Day | null>;
    default: Day;
    day_zone: string;
    embargo: string;
    horizon: string;
    history: History;
    changes: { tiles: string; document: string } | null;
  };
  categories: Record<string, Category[]>;
  category: Record<string, string>;
  notice: Text;
  sources: Record<string, Source>;
}

/** What the server says of a tileset; what it says by layer, by the role of the layer. */
export interface TileJson extends Omit<Answered, "categories" | "category"> {
  layers: ByRole<string>;
  legend: ByRole<Category[]>;
  category: ByRole<string>;
}

/** What happened on a day: layers that are known from then on; of the areas, how often a part of them changed. */
export interface DayCount {
  day: Day;
  begins: string[];
  areas: number;
  events: number;
  km2: Record<string, number>;
}
export interface Timeline {
  days: DayCount[];
}

async function read<T>(path: string): Promise<T> {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as T;
}

export const readCatalogue = (): Promise<Catalogue> => read("/tilesets");
export const readTileJson = async (tileset: string): Promise<TileJson> =>
  byRole(await read<Answered>(`/tilesets/${encodeURIComponent(tileset)}`));
export const readTimeline = (tileset: string): Promise<Timeline> =>
  read(`/tilesets/${encodeURIComponent(tileset)}/timeline`);

/** A map draws one layer as each role: the first one. */
export function byRole(answered: Answered): TileJson {
  const layers: ByRole<string> = {},
    legend: ByRole<Category[]> = {},
    category: ByRole<string> = {};
  for (const { id, role } of answered.vector_layers) {
    if (role === "none" || layers[role] !== undefined) continue;
    layers[role] = id;
    legend[role] = answered.categories[id] ?? [];
    category[role] = answered.category[id] ?? "";
  }
  return { ...answered, layers, legend, category };
}

/** How often control changed on this day. */
export const changesOf = (count: DayCount | undefined): number => count?.areas ?? 0;

/** How many square kilometres changed hands on this day, on balance: what was gained, or lost where that is more. */
export function km2Of(count: DayCount | undefined): number {
  const nets = Object.values(count?.km2 ?? {});
  return Math.max(...[1, -1].map((side) => nets.reduce((sum, net) => sum + Math.max(0, side * net), 0)));
}

export interface ChangeDocument {
  held: { statuses: string[] } | null;
  moved: { from: string; to: string; km2: number }[];
}
export const readChange = (template: string, from: Day, to: Day): Promise<ChangeDocument> =>
  read(template.replace("{from}", from).replace("{to}", to));
