// What the worker has to know of a theatre to turn its front: carried behind the `#` of a tile's URL, which no server and
// no cache ever sees.

import type { TileJson } from "./catalogue";
import type { Facing } from "./facing";

const KEY = "facing";

/** What to append to the URL template of a theatre's tiles; "" where its front is drawn for nobody. */
export function facingIn({ drawn }: Pick<TileJson, "drawn">): string {
  const front = drawn.find(({ role }) => role === "front");
  const areas = drawn.find(({ name }) => name === front?.derived?.layer);
  if (!front || !areas) return "";
  const ours = areas.legend
    .filter(({ side }) => side && side === front.derived?.side)
    .map(({ code }) => code);
  const said = [front.name, areas.name, areas.category, ...ours].map(encodeURIComponent);
  return ours.length ? `#${KEY}=${said.join(",")}` : "";
}

/** What a tile's URL says; null where it says nothing. */
export function facingOf(url: string): Facing | null {
  const [, said] = url.split(`#${KEY}=`);
  if (!said) return null;
  const [front = "", areas = "", property = "", ...ours] = said.split(",").map(decodeURIComponent);
  return { front, areas, property, ours };
}
