// Who gained and lost what: the server's document of gains by day, summed over any days, and told in the sentences
// that the server tells, from the same words (`publish/gains_text.py`).

import type en from "../../../publish/words/en.json";
import { addDays, daysBetween, type Day } from "./days";
import { ask } from "./served";
import { pick, type Text } from "./texts";

/** The words of gains in one language. */
export type GainsWords = typeof en;

/** A side of the front, by the colours of its first status. */
export interface Side {
  id: string;
  title: Text;
  colour: string;
  colour_dark: string;
}

/** The gains of a tileset: columns of equal length, a row for what passed on a day in one way. `day` counts from the
 *  first one, the others are places in the lists; after the sides come contested land, and no land; -1 is no direction.
 *  Amounts are whole parts of a km2. */
export interface GainsDocument {
  first_day: Day | null;
  days: number;
  kinds: string[];
  sides: Side[];
  directions: { id: string; title: Text }[];
  per_km2: number;
  day: number[];
  kind: number[];
  direction: number[];
  from: number[];
  to: number[];
  amount: number[];
}

/** What a side gained and lost. */
export interface Balance {
  gained: number;
  lost: number;
}
export const netOf = ({ gained, lost }: Balance): number => gained - lost;

/** What passed in some days, in parts of a km2: by side, by place of direction and side, what is newly marked as
 *  contested on balance, and by side what was only drawn anew or marked. */
export interface Sum {
  sides: Balance[];
  places: Map<number, Balance[]>;
  marked: number;
  redrawn: Balance[];
  moved: boolean;
}

const WINDOWS = [7, 1, 30]; // days; the first is the one that leads
const MOST_PLACES = 3;

/** The gains of one tileset. */
export class Gains {
  /** By side what it gained on each day, less what it lost. */
  readonly daily: Int32Array[];
  private readonly starts: Int32Array; // by day its first row

  constructor(readonly document: GainsDocument) {
    const { days, day, sides } = document;
    this.starts = new Int32Array(days + 1).fill(day.length);
    for (let row = day.length - 1; row >= 0; row--) this.starts[day[row]!] = row;
    for (let one = days - 1; one >= 0; one--)
      this.starts[one] = Math.min(this.starts[one]!, this.starts[one + 1]!);
    this.daily = sides.map(() => new Int32Array(days));
    for (const [row, one] of day.entries()) {
      if (!this.moves(row)) continue;
      const to = this.daily[document.to[row]!],
        from = this.daily[document.from[row]!];
      if (to) to[one]! += document.amount[row]!;
      if (from) from[one]! -= document.amount[row]!;
    }
  }

  get first(): Day {
    return this.document.first_day ?? "9999-12-31";
  }

  get last(): Day {
    return addDays(this.first, this.document.days - 1);
  }

  /** The place of a day; it may lie outside. */
  placeOf(day: Day): number {
    return daysBetween(this.first, day);
  }

  /** Whether all of the days up to this one, and the state before them, are known. */
  covers(day: Day, length: number): boolean {
    const place = this.document.first_day ? this.placeOf(day) : -1;
    return place >= length && place < this.document.days;
  }

  /** Sum up so many days, the last of which is this one. */
  upTo(day: Day, length: number): Sum {
    const { document } = this;
    const none = (): Balance[] => document.sides.map(() => ({ gained: 0, lost: 0 }));
    const sum: Sum = { sides: none(), places: new Map(), marked: 0, redrawn: none(), moved: false };
    const place = this.placeOf(day);
    const begin = this.starts[Math.max(0, place - length + 1)] ?? 0,
      end = this.starts[place + 1] ?? 0;
    for (let row = begin; row < end; row++) {
      const direction = document.direction[row]!;
      if (this.moves(row)) {
        sum.moved = true;
        this.add(sum.sides, row);
        if (direction < 0) continue;
        if (!sum.places.has(direction)) sum.places.set(direction, none());
        this.add(sum.places.get(direction)!, row);
      } else {
        this.add(sum.redrawn, row);
        if (document.kinds[document.kind[row]!] === "marked")
          sum.marked += (document.to[row] === document.sides.length ? 1 : -1) * document.amount[row]!;
      }
    }
    return sum;
  }

  private moves(row: number): boolean {
    return this.document.kinds[this.document.kind[row]!] === "movement";
  }

  private add(balances: Balance[], row: number): void {
    const { to, from, amount } = this.document;
    const winner = balances[to[row]!],
      loser = balances[from[row]!];
    if (winner) winner.gained += amount[row]!;
    if (loser) loser.lost += amount[row]!;
  }
}

/** Tells gains in one language. */
export class GainsTeller {
  private readonly few: number; // of less, two decimals of a km2 tell nothing
  private readonly notable: number; // of less that is newly doubted, a sentence says nothing

  constructor(
    private readonly gains: Gains,
    private readonly language: string,
    private readonly words: GainsWords,
  ) {
    this.few = Math.floor(gains.document.per_km2 / 200);
    this.notable = Math.floor(gains.document.per_km2 / 2);
  }

  /** The sentence that says most of the days up to this one; "" where nothing can be said. */
  lead(day: Day): string {
    const length = WINDOWS.find((one) => this.gains.covers(day, one));
    return length ? this.sentence(this.gains.upTo(day, length), length) : "";
  }

  /** The sentence on the directions in which most was gained in the leading days; "" where nobody moved. */
  where(day: Day): string {
    const length = WINDOWS.find((one) => this.gains.covers(day, one));
    const found = length ? this.places(this.gains.upTo(day, length)).slice(0, MOST_PLACES) : [];
    const parts = found.map(({ place, side, net }) =>
      say(this.words.place, { direction: this.place(place), side: this.side(side), km2: this.signed(net) }),
    );
    return parts.length ? say(this.words.directions, { list: parts.join("; ") }) : "";
  }

  /** The sentence on a sum over so many days. */
  sentence(sum: Sum, length: number): string {
    const window = this.window(length);
    if (!sum.moved && Math.abs(sum.marked) < this.notable) return say(this.words.nothing, { window });
    const parts = sum.sides.map((own, side) => {
      const net = netOf(own);
      return Math.abs(net) < this.few
        ? say(this.words.none, { side: this.side(side) })
        : say(this.words.side, { side: this.side(side), km2: this.signed(net) });
    });
    if (Math.abs(sum.marked) >= this.notable)
      parts.push(say(this.words.contested, { km2: this.signed(sum.marked) }));
    return say(this.words.lead, { window, list: parts.join(", ") });
  }

  /** The directions with the side that gained most there, or where none did, that lost most; the largest first. */
  places(sum: Sum): { place: number; side: number; net: number }[] {
    return [...sum.places]
      .map(([place, own]) => {
        const nets = own.map(netOf);
        const best = nets.indexOf(Math.max(...nets));
        const side = nets[best]! >= this.few ? best : nets.indexOf(Math.min(...nets));
        return { place, side, net: nets[side]! };
      })
      .filter(({ net }) => Math.abs(net) >= this.few)
      .sort((a, b) => Math.abs(b.net) - Math.abs(a.net));
  }

  window(length: number): string {
    return length === 1 ? this.words.day : say(this.words.days, { count: String(length) });
  }

  side(place: number): string {
    return pick(this.gains.document.sides[place]?.title, this.language);
  }

  place(place: number): string {
    return pick(this.gains.document.directions[place]?.title, this.language);
  }

  signed(amount: number): string {
    const km2 = Math.abs(amount) / this.gains.document.per_km2;
    const number = this.number(Math.abs(amount), km2 >= 10 ? 0 : km2 >= 1 ? 1 : 2);
    return say(this.words.km2, { number: (amount < 0 ? "−" : "+") + number });
  }

  /** An amount to the thousandth, so that sums can be checked; without the unit. */
  exact(amount: number): string {
    return this.number(amount, 3);
  }

  private number(amount: number, decimals: number): string {
    const [whole, rest] = halfEven(amount / this.gains.document.per_km2, decimals).split(".");
    const grouped = whole!.replace(/\B(?=(\d{3})+$)/g, this.words.group).replace("-", "−");
    return rest ? grouped + this.words.decimal + rest : grouped;
  }
}

const say = (word: string, values: Record<string, string>): string =>
  word.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");

/** A number with so many decimals, of two that are as near the even one, as the server has it. */
function halfEven(value: number, decimals: number): string {
  const scaled = value * 10 ** decimals,
    floor = Math.floor(scaled);
  const even = scaled - floor === 0.5 && floor % 2 === 0;
  return even ? (floor / 10 ** decimals).toFixed(decimals) : value.toFixed(decimals);
}

/** Read the gains of a tileset; null where nothing of it is measured. */
export async function readGains(tileset: string): Promise<Gains | null> {
  const response = await ask(`tilesets/${encodeURIComponent(tileset)}/gains.json`, {
    headers: { Accept: "application/json" },
  });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`gains of ${tileset}: ${response.status}`);
  return new Gains((await response.json()) as GainsDocument);
}
