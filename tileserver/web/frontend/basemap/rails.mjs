// Railways (OpenStreetMap, as a graph for routing): straight from station to station, so for low zooms only.

import { readFileSync } from "node:fs";
import { asLine, contains, lengthOf } from "./geometry.mjs";

const SHORT_KM = 0.3; // tracks of one station
const SPUR_KM = 15; // that end in nothing

/** Every edge once, joined into lines where only two meet: [feature]. */
export function railLines(folder) {
  const text = readFileSync(new URL("world_railways.py", folder), "utf8");
  const part = (name) => {
    const start = text.indexOf(`\n${name}=`) + name.length + 2;
    return text.slice(start, text.indexOf("\n", start));
  };
  const nodes = JSON.parse(part("nodes")).map(([lat, lon]) => [lon, lat]);
  const ways = JSON.parse(part("graph").replaceAll(/(\d+):/g, '"$1":'));
  const ends = nodes.map(() => []);
  ways.forEach((others, a) => {
    for (const [other, km] of Object.entries(others)) {
      const b = Number(other);
      if (b > a && km >= SHORT_KM && contains(nodes[a]) && contains(nodes[b])) {
        ends[a].push(b);
        ends[b].push(a);
      }
    }
  });
  const isSpur = (chain) => ends[chain[0]].length === 1 || ends[chain.at(-1)].length === 1;
  return chains(ends)
    .map((chain) => ({ chain, line: chain.map((node) => nodes[node]) }))
    .filter(({ chain, line }) => !isSpur(chain) || lengthOf(line) >= SPUR_KM)
    .map(({ line }) => asLine(line));
}

/** Walk from every node where not just two edges meet, then what is left: rings. */
function chains(ends) {
  const walked = new Set();
  const key = (a, b) => (a < b ? `${a} ${b}` : `${b} ${a}`);
  const found = [];
  const walk = (from, first) => {
    const chain = [from];
    let [last, next] = [from, first];
    while (next !== undefined && !walked.has(key(last, next))) {
      walked.add(key(last, next));
      chain.push(next);
      const [a, b] = ends[next];
      [last, next] = [next, ends[next].length === 2 ? (a === last ? b : a) : undefined];
    }
    if (chain.length > 1) found.push(chain);
  };
  ends.forEach((others, node) => others.length !== 2 && others.forEach((next) => walk(node, next)));
  ends.forEach((others, node) => others.forEach((next) => walk(node, next)));
  return found;
}
