// The table of the last day, week and month beside the map. A step of the slider fills its cells anew and makes none: a
// table that is made anew is laid out anew, in each frame of a drag, and takes the focus away from its own heads.

import type { Theme } from "./basemap";
import { addDays, dayText, type Day } from "./days";
import { element, setAttribute, setText } from "./dom";
import { netOf, type Gains, type GainsTeller, type Side } from "./gains";
import { squareText, type Say } from "./texts";

/** A table, and who hears that the days of a column are to be compared. */
export interface GainsTableOptions {
  table: HTMLElement;
  language: string;
  say: Say;
  onWindow(from: Day, to: Day): void;
}

/** What is told: the days up to `day`, by these lengths; `comparable` is whether two days can be compared. */
export interface Tabled {
  gains: Gains;
  teller: GainsTeller;
  day: Day;
  theme: Theme;
  lengths: readonly number[];
  comparable: boolean;
}

interface Row {
  element: HTMLElement;
  cells: HTMLElement[];
}

/** A name of a side with its colour. */
export function sideName({ colour, colour_dark }: Side, theme: Theme, name: string): HTMLElement {
  const dot = element("i", "dot");
  dot.style.background = theme === "dark" ? colour_dark : colour;
  return element("span", "", [dot, name]);
}

/** The rows of sides, and of contested land where there is any, by columns of days. */
export class GainsTable {
  private gains: Gains | null = null;
  private shape = "";
  private heads: HTMLElement[] = [];
  private rows: Row[] = [];
  private day: Day = "";

  constructor(private readonly options: GainsTableOptions) {}

  /** Fill the table for a day. */
  show(tabled: Tabled): void {
    const { gains, teller, day, lengths } = tabled;
    const sums = lengths.map((length) => gains.upTo(day, length));
    const isContested = sums.some(({ marked }) => marked !== 0);
    this.day = day;
    this.take(tabled, isContested);
    for (const [i, head] of this.heads.entries()) this.name(head, lengths[i]!);
    for (const [side, { cells }] of this.rows.entries())
      for (const [i, cell] of cells.entries()) {
        const { sides, marked } = sums[i]!;
        const amount = sides[side] ? netOf(sides[side]) : marked;
        setText(cell, bare(teller, amount));
        cell.classList.toggle("zero", amount === 0);
      }
  }

  /** Have the rows and columns that are needed. */
  private take({ gains, teller, theme, lengths, comparable }: Tabled, isContested: boolean): void {
    const { table, language, say } = this.options;
    const shape = [theme, comparable, isContested, ...lengths].join();
    if (shape === this.shape && gains === this.gains) return;
    [this.shape, this.gains] = [shape, gains];
    this.heads = lengths.map((length) => this.head(length, comparable));
    const sides = gains.document.sides.map((side, place) =>
      rowOf(sideName(side, theme, teller.side(place)), lengths.length),
    );
    const contested = rowOf(element("span", "", [say("gainsContested")]), lengths.length, "contested");
    this.rows = isContested ? [...sides, contested] : sides;
    const heads = this.heads.map((head) => element("th", "", [head], { scope: "col" }));
    table.replaceChildren(
      element("thead", "", [element("tr", "", [element("td", "", [squareText(language)]), ...heads])]),
      element(
        "tbody",
        "",
        this.rows.map((row) => row.element),
      ),
    );
  }

  /** The head of a column, which compares its days on the map, where they can be. */
  private head(length: number, comparable: boolean): HTMLElement {
    const words = this.words(length);
    if (!comparable) return element("span", "", [words]);
    const button = element("button", "", [words], { type: "button" });
    button.addEventListener("click", () => this.options.onWindow(addDays(this.day, -length), this.day));
    return button;
  }

  private name(head: HTMLElement, length: number): void {
    if (head.tagName !== "BUTTON") return;
    const { language, say } = this.options;
    const title = say("gainsCompare", { day: dayText(addDays(this.day, -length), language, "short") });
    setAttribute(head, "title", title);
    setAttribute(head, "aria-label", `${this.words(length)}: ${title}`);
  }

  private words(length: number): string {
    const { say } = this.options;
    return length === 1 ? say("gainsDay") : say("gainsDays", { count: length });
  }
}

function rowOf(name: HTMLElement, count: number, kind = ""): Row {
  const cells = Array.from({ length: count }, () => element("td"));
  return { element: element("tr", kind, [element("th", "", [name], { scope: "row" }), ...cells]), cells };
}

const bare = (teller: GainsTeller, amount: number): string =>
  amount === 0 ? "0" : teller.signed(amount).replace(/\s*[кk][мm]²$/u, "");
