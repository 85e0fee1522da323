// Gains in the page: the sentence in the card, the table of the last day, week and month beside it, and how that adds
// up. Asked for after the first picture, and told at once from then on: a step costs a sum over a month of days.

import type { Theme } from "./basemap";
import { complain } from "./complain";
import type { Day } from "./days";
import { byId, element, setText } from "./dom";
import { GainsTeller, netOf, readGains, type Balance, type Gains, type GainsWords, type Sum } from "./gains";
import { GainsTable, sideName } from "./gains_table";
import type { Say } from "./texts";

const RETRY_MS = 15000; // after which a server that was busy is asked again
const COLUMNS = [1, 7, 30]; // days
const LEADING = 7;

/** Who hears that gains are known now. */
export interface GainsOptions {
  language: string;
  say: Say;
  words: GainsWords;
  onGains(gains: Gains | null): void;
  /** The reader wants two days compared. */
  onWindow(from: Day, to: Day): void;
}

/** The gains of the open theatre. */
export class GainsView {
  private gains: Gains | null = null;
  private teller: GainsTeller | null = null;
  private tileset = "";
  private comparable = false;
  private failed = false;
  private readonly table: GainsTable;
  private day: Day | "" = "";
  private theme: Theme = "light";
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: GainsOptions) {
    const { say, language } = options;
    this.table = new GainsTable({
      table: byId("gains"),
      language,
      say,
      onWindow: (from, to) => options.onWindow(from, to),
    });
    byId("gains-title").textContent = say("gains");
    byId("gains-sum").querySelector("summary")!.textContent = say("gainsSum");
    byId("gains-by-day").textContent = say("gainsByDay");
    byId("gains-sum").addEventListener("toggle", () => this.tell());
  }

  /** The day of which the server has put the sentence into the page; "" for none. */
  private readonly said = byId("gains-lead").textContent && byId<HTMLTimeElement>("date").dateTime;

  /** Another theatre is open, of which nothing is known yet; *comparable* is whether two days of it can be compared. */
  open(tileset: string, measured: boolean, comparable: boolean): void {
    clearTimeout(this.timer);
    this.comparable = comparable;
    this.tileset = measured ? tileset : "";
    this.failed = false;
    this.take(null);
  }

  /** This day is on the map. */
  onDay(day: Day, theme: Theme): void {
    this.day = day;
    this.theme = theme;
    if (!this.gains && this.tileset && this.timer === undefined) this.ask(0);
    this.tell();
  }

  /** No day is on the map. */
  clear(): void {
    this.day = "";
    this.tell();
  }

  /** Whether gains may still come, for the first time. */
  get isAwaited(): boolean {
    return this.tileset !== "" && !this.gains && !this.failed;
  }

  /** The sentence of a day, to be read aloud. */
  sentence(day: Day): string {
    return this.teller ? [this.teller.lead(day), this.teller.where(day)].filter(Boolean).join(" ") : "";
  }

  /** A day in a line, for whoever points at it: the net of the days up to it; "" where none are known. */
  brief(day: Day): string {
    const { gains, teller } = this;
    if (!gains || !teller || !gains.covers(day, LEADING)) return "";
    return teller.sentence(gains.upTo(day, LEADING), LEADING);
  }

  private ask(wait: number): void {
    const asked = this.tileset;
    this.timer = setTimeout(() => {
      readGains(asked).then(
        (gains) => {
          if (asked !== this.tileset) return;
          if (!gains) this.tileset = ""; // there is nothing to ask for
          this.take(gains);
        },
        (error: unknown) => {
          complain(error);
          if (asked !== this.tileset) return;
          this.failed = true;
          this.take(null);
          this.ask(RETRY_MS);
        },
      );
    }, wait);
  }

  private take(gains: Gains | null): void {
    this.timer = undefined;
    this.gains = gains;
    this.teller = gains && new GainsTeller(gains, this.options.language, this.options.words);
    this.options.onGains(gains);
    this.tell();
  }

  private tell(): void {
    const { gains, teller, day } = this;
    if (!gains && this.said && (!day || day === this.said)) return;
    const lead = teller && day ? teller.lead(day) : "";
    setText(byId("gains-lead"), lead);
    byId("gains-section").hidden = !lead;
    if (!gains || !teller || !day || !lead) return;
    const known = COLUMNS.filter((length) => gains.covers(day, length));
    const { theme, comparable } = this;
    this.table.show({ gains, teller, day, theme, lengths: known, comparable });
    setText(byId("gains-where"), teller.where(day));
    const leading = known.includes(LEADING) ? LEADING : known.at(-1)!;
    if (byId<HTMLDetailsElement>("gains-sum").open)
      byId("gains-sum-rows").replaceChildren(...this.arithmetic(gains.upTo(day, leading), leading));
  }

  private named(place: number): HTMLElement {
    return sideName(this.gains!.document.sides[place]!, this.theme, this.teller!.side(place));
  }

  /** By side: gained - lost = net; by direction; and apart what was drawn anew or marked. */
  private arithmetic(sum: Sum, length: number): HTMLElement[] {
    const { say } = this.options;
    const teller = this.teller!,
      { sides } = this.gains!.document;
    const head = element("tr", "", [
      element("td", "", [length === 1 ? say("gainsDay") : say("gainsDays", { count: length })]),
      ...[say("gainsGained"), say("gainsLost"), say("gainsNet")].map((word) =>
        element("th", "", [word], { scope: "col" }),
      ),
    ]);
    const line = (name: string | HTMLElement, own: Balance): HTMLElement =>
      element("tr", "", [
        element("th", "", [name], { scope: "row" }),
        ...[own.gained, own.lost, netOf(own)].map((amount) => element("td", "", [teller.exact(amount)])),
      ]);
    const places = teller
      .places(sum)
      .flatMap(({ place, side }) => [
        line(`${teller.place(place)}: ${teller.side(side)}`, sum.places.get(place)![side]!),
      ]);
    return [
      element("thead", "", [head]),
      element("tbody", "", [
        ...sides.map((_, side) => line(this.named(side), sum.sides[side]!)),
        ...places.map((one) => ((one.className = "place"), one)),
        element("tr", "apart", [
          element("th", "", [say("gainsRedrawn")], { colspan: "4", scope: "rowgroup" }),
        ]),
        ...sides.map((_, side) => line(this.named(side), sum.redrawn[side]!)),
      ]),
    ];
  }
}
