// Names of places that are one name in several spellings, as `tileserver/spelling.py` has them for pictures.

import { folded } from "./place_index";

const LETTERS_A_SLIP = 4; // of the longer name, for each letter that may differ

/** A name without case, accents and soft signs, with `i` for the ways to write й in Latin. */
export const plain = (name: string): string => folded(name).replaceAll(/[yj]/gu, "i");

/** Whether two plain names differ in a letter of four at most: Kurakhovo, Kurakhove. */
export function isAlike(one: string, other: string): boolean {
  const most = Math.floor(Math.max(one.length, other.length) / LETTERS_A_SLIP);
  if (Math.abs(one.length - other.length) > most) return false;
  let row = Array.from({ length: other.length + 1 }, (_, j) => j);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const changed = row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[other.length]! <= most;
}
