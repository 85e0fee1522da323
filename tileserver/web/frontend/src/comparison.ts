// Comparing the shown day with another one: the control in the card, the list of what changed hands, the map's part.

import type { Map as MapLibre } from "maplibre-gl";
import type { Theme } from "./basemap";
import type { TileJson } from "./catalogue";
import { ComparisonLayers, type Pair } from "./comparison_layers";
import { comparisonList } from "./comparison_list";
import { complain } from "./complain";
import { clampDay, dayText, isDay, type Day } from "./days";
import { byId, element } from "./dom";
import type { Span } from "./histogram";
import type { Say } from "./texts";

const PAUSE_MS = 150; // a day that stands no longer is passed by

/** Where the comparison is drawn and told, and who hears of a choice. */
export interface ComparisonOptions {
  map: MapLibre;
  language: string;
  say: Say;
  /** The reader chose a day to compare with, or none any more. */
  onChoice(day: Day | ""): void;
}

/** Two days in their order. */
export const pairOf = (one: Day, other: Day): Pair =>
  one < other ? { from: one, to: other } : { from: other, to: one };

/** The part of a pair of days of which control is known, up to its newest day; null where all of it lies after that:
 *  then nobody can tell what changed hands. */
export function knownPart({ from, to }: Pair, newest: Day): Pair | null {
  if (from >= newest) return null;
  return { from, to: to < newest ? to : newest };
}

/** What is compared, in words; where a day lies after the newest of control, up to when that is known. */
export function comparisonTitle(asked: Pair, newest: Day, language: string, say: Say): string {
  const pair = knownPart(asked, newest);
  const short = (day: Day): string => dayText(day, language, "short");
  if (!pair) return say("knownTo", { day: short(newest) });
  const days = { from: short(pair.from), to: short(pair.to) };
  return say(pair.to < asked.to ? "changedHandsToLast" : "changedHands", days);
}

/** The comparison of the shown day with another one; none while no day is chosen. */
export class Comparison {
  private readonly layers: ComparisonLayers;
  private readonly field = byId<HTMLInputElement>("compare-date");
  private readonly opener = byId<HTMLButtonElement>("compare-open");
  private day: Day | "" = "";
  private known = 0; // the revision that knew the shown day so, of a correction; 0 for now
  private drawn: Pair | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: ComparisonOptions) {
    this.layers = new ComparisonLayers(options.map);
    this.opener.textContent = options.say("compareWith");
    byId("compare-label").textContent = options.say("comparedWith");
    const close = byId("compare-close");
    close.setAttribute("aria-label", options.say("stopComparing"));
    close.title = options.say("stopComparing");
    this.opener.addEventListener("click", () => {
      this.unfold(true);
      this.field.focus();
    });
    close.addEventListener("click", () => {
      options.onChoice("");
      this.unfold(false);
      this.opener.focus();
    });
    this.field.addEventListener("change", () => {
      if (isDay(this.field.value))
        options.onChoice(clampDay(this.field.value, this.field.min, this.field.max));
    });
  }

  /** Between which days the drawn changes are, and in which layers; null where none are drawn. */
  get shown(): { pair: Pair; layers: string[] } | null {
    return this.drawn && { pair: this.drawn, layers: this.layers.layerIds };
  }

  /** Another theatre is open, of these days; *measured* is whether it says what changed hands between two of them. */
  open({ first, last }: Span, measured: boolean): void {
    this.field.min = first;
    this.field.max = last;
    byId("compare").hidden = !measured;
  }

  /** Compare with this day from now on; with the shown day itself as a revision knew it. */
  choose(day: Day | "", known = 0): void {
    this.day = day;
    this.known = known;
    this.field.value = day;
    if (day && document.body.classList.contains("embed")) {
      // where it is said, not chosen
      byId("compare-label").textContent =
        `${this.options.say("comparedWith")} ${dayText(day, this.options.language)}`;
    }
    this.unfold(day !== "");
  }

  /** The shown day is this one: what was drawn is of another pair, so it goes at once. */
  follow(shown: Day, tiles: TileJson, theme: Theme): void {
    this.clear();
    const known = this.day === shown ? this.known : 0;
    if (!this.day || (this.day === shown && !known)) return;
    byId("changes-section").hidden = false;
    const { language, say } = this.options;
    const asked = pairOf(this.day, shown);
    const newest = tiles.time.newest.areas ?? asked.to;
    const pair = known ? asked : knownPart(asked, newest);
    byId("changes-title").textContent = known
      ? say("corrected", { day: dayText(asked.to, language, "short"), known })
      : comparisonTitle(asked, newest, language, say);
    if (!pair) {
      this.list([]);
      return;
    }
    byId("changes-section").ariaBusy = "true"; // nothing is spoken before it is on the map
    byId("changes").replaceChildren(element("p", "none", ["…"]));
    this.timer = setTimeout(() => void this.draw(pair, tiles, theme, known), PAUSE_MS);
  }

  /** The map has lost all that it had. */
  abandon(): void {
    this.layers.abandon();
    this.clear();
  }

  /** Take everything off the map and out of the card. */
  clear(): void {
    clearTimeout(this.timer);
    this.layers.clear();
    this.drawn = null;
    byId("changes-section").hidden = true;
  }

  private async draw(pair: Pair, tiles: TileJson, theme: Theme, known: number): Promise<void> {
    const { language, say } = this.options;
    try {
      const document = await this.layers.draw(tiles, pair, theme, known);
      if (!document) return;
      this.drawn = pair;
      this.list(comparisonList(document, { categories: tiles.legend.areas ?? [], theme, language, say }));
    } catch (error) {
      complain(error);
      this.list([element("p", "none", [say("offline")])]);
      this.timer = setTimeout(() => void this.draw(pair, tiles, theme, known), 4000);
    }
  }

  /** Tell this, and that it is all there is. */
  private list(items: HTMLElement[]): void {
    byId("changes").replaceChildren(...items);
    byId("changes-section").ariaBusy = "false";
  }

  private unfold(open: boolean): void {
    this.opener.hidden = open;
    byId("compare-row").hidden = !open;
  }
}
