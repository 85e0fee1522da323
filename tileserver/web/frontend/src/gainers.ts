// Who may gain land: the side that the front is drawn for, and whoever stands against it; each with the status whose
// colour and name its gains have.

import type { Category, TileJson } from "./catalogue";

/** Days back from the shown one: what changed hands in the few is drawn strongly, in the many palely. */
export const RECENT_DAYS: readonly [few: number, many: number] = [7, 30];

/** How gains of the few and of the many days are drawn: opacities of colour and stripes, and px of the edge. From near a week of
 *  September 2022 is the whole map, so they are no stronger than names on them can bear. */
export const RECENT_LOOKS = [
  { fill: 0.42, pattern: 0.55, width: 1.8 },
  { fill: 0.14, pattern: 0.32, width: 0.8 },
] as const;

/** As comparisons have it: `gained` by the side that the front is drawn for, `lost` by it to the others. */
export interface Gainer {
  kind: "gained" | "lost";
  category: Category;
}

/** Both sides, where the theatre's front says for which side it is drawn; else nobody, for gains have no side. */
export function gainersOf({ drawn, legend }: Pick<TileJson, "drawn" | "legend">): Gainer[] {
  const ours = drawn.find(({ role }) => role === "front")?.derived?.side;
  const sides = (legend.areas ?? []).filter(({ side }) => side);
  const own = sides.find(({ side }) => side === ours);
  const other = sides.find(({ side }) => side !== ours);
  return own && other
    ? [
        { kind: "gained", category: own },
        { kind: "lost", category: other },
      ]
    : [];
}

/** Whose gain it is that land went from one status to another, "" being none, which is the land of whoever stands against
 *  our side; null where it went to nobody, or between two statuses of one side. */
export function gainOf(
  was: string,
  is: string,
  gainers: readonly Gainer[],
  categories: readonly Category[],
): Gainer["kind"] | null {
  const [own, other] = gainers.map(({ category }) => category.side);
  const holder = (status: string): string | undefined =>
    status ? categories.find(({ code }) => code === status)?.side : other;
  if (holder(was) === holder(is) || !holder(is)) return null;
  return holder(is) === own ? "gained" : "lost";
}
