// What a reader switches on and off: layers by name, and parts of the map that are drawn from several. A link says what
// is not as it is at first.

import { offAtFirst, switchable, type DrawnLayer, type TileJson } from "./catalogue";

/** A part of the map that is no layer: the teeth of the front, recent gains, the arrows that notes declare. */
export type Part = "sides" | "recent" | "arrows";

const PARTS: readonly string[] = ["sides", "recent", "arrows"] satisfies Part[];

/** Names that are off though they are on at first, and the other way round; each ascending. */
export interface Switches {
  off: string[];
  on: string[];
}

/** What a link does not say. */
export const AS_AT_FIRST: Switches = { off: [], on: [] };

/** The layers that a reader can switch; never areas and the front. */
export const turnable = (tiles: Pick<TileJson, "drawn">): DrawnLayer[] => [
  ...switchable(tiles),
  ...tiles.drawn.filter(({ role }) => role === "notes"),
];

/** The names that are off by a link. */
export function offBy({ off, on }: Switches, tiles: Pick<TileJson, "drawn">): Set<string> {
  const found = offAtFirst(tiles);
  const known = new Set([...PARTS, ...turnable(tiles).map(({ name }) => name)]);
  for (const name of off) if (known.has(name)) found.add(name);
  for (const name of on) found.delete(name);
  return found;
}

/** What a link has to say for these names to be off. */
export function switchesOf(off: ReadonlySet<string>, tiles: Pick<TileJson, "drawn">): Switches {
  const first = offAtFirst(tiles);
  const only = (names: ReadonlySet<string>, without: ReadonlySet<string>): string[] =>
    [...names].filter((name) => !without.has(name)).sort();
  return { off: only(off, first), on: only(first, off) };
}

/** The other setting of one name. */
export const turned = (off: ReadonlySet<string>, name: string): Set<string> =>
  new Set([...off, name].filter((one) => one !== name || !off.has(name)));
