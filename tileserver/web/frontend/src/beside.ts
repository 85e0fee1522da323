// Where numbers stand that must neither cover each other nor what happened: on their places where there is room, else
// beside them. Pixels on the screen, and no map.

/** A point on the screen, px. */
export type Spot = readonly [x: number, y: number];

/** Half the side of a number's square, half that of an event's mark, and the size of the screen; px. `rightward` is
 *  whether there is room on the right of a place. */
export interface Sizes {
  number: number;
  mark: number;
  width: number;
  height: number;
  rightward: boolean;
}

/** What numbers keep off: marks of events, and the places of cities. */
export interface Others {
  events: readonly Spot[];
  cities: readonly Spot[];
}

const GAP = 2; // px between a number and what it keeps off
const DOT = 6; // half the side of a city's dot, px: a city whose dot is met has no name either
const RINGS = [1, 1.9]; // distances of a number from its place, in that of the nearest
const AROUND = 8;
// What a reader loses: a number, a city, the place of another number, an event, the number that is out of sight; and by how
// far it is away. Beside its place costs less than any of these: a number there has a line to it.
const [NUMBER, CITY, PLACE, EVENT, OUTSIDE, AWAY] = [100, 40, 30, 16, 200, 4];
const TURNED = 0.01; // so that of equals the first is taken

/** The middles of the numbers of these places, of the most important first. Nothing else decides: wherever a reader comes
 *  from, and in whatever order a map was loaded, the same view has its numbers in the same places. */
export function besides(places: readonly Spot[], { events, cities }: Others, sizes: Sizes): Spot[] {
  const taken: Spot[] = [];
  const steps = stepsOf(sizes);
  const farthest = Math.max(...steps.flat().map(Math.abs)) + sizes.number + sizes.mark;
  for (const [index, place] of places.entries()) {
    const around = events.filter((event) => near(place, event, farthest));
    const others = places.filter((_, i) => i !== index);
    const costs = steps.map((step, turn) => {
      const at = moved(place, step);
      return (
        NUMBER * count(at, taken, 2 * sizes.number + GAP) +
        PLACE * count(at, others, sizes.number + GAP) +
        CITY * count(at, cities, sizes.number + GAP + DOT) +
        EVENT * count(at, around, sizes.number + sizes.mark) +
        (isInside(at, sizes) ? 0 : OUTSIDE) +
        (AWAY * Math.hypot(...step)) / sizes.number +
        TURNED * turn
      );
    });
    taken.push(moved(place, steps[costs.indexOf(Math.min(...costs))]!));
  }
  return taken;
}

/** Whether any two numbers with these middles cover each other. */
export const cover = (middles: readonly Spot[], { number }: Sizes): boolean =>
  middles.some((at, i) => count(at, middles.slice(i + 1), 2 * number) > 0);

/** By how much a number may stand beside its place, px: not at all, or around it. */
function stepsOf({ number, mark, rightward }: Sizes): Spot[] {
  const nearest = number + 2 * mark + 2 * GAP;
  const around = RINGS.flatMap((ring) =>
    Array.from({ length: AROUND }, (_, turn): Spot => {
      const angle = ((2 * turn - 1) * Math.PI) / AROUND - Math.PI / 4;
      return [Math.cos(angle) * nearest * ring, Math.sin(angle) * nearest * ring];
    }),
  );
  return [[0, 0] as const, ...around.filter(([right]) => rightward || right < number)];
}

const moved = ([x, y]: Spot, [right, down]: Spot): Spot => [x + right, y + down];

const near = ([x, y]: Spot, [left, top]: Spot, reach: number): boolean =>
  Math.abs(x - left) < reach && Math.abs(y - top) < reach;

const count = (at: Spot, others: readonly Spot[], reach: number): number =>
  others.filter((other) => near(at, other, reach)).length;

const isInside = ([x, y]: Spot, { number, width, height }: Sizes): boolean =>
  x >= number && y >= number && x <= width - number && y <= height - number;
