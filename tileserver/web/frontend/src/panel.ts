// The words beside the map: theatre, date, notice, notes, credits.

import type { Aged, Known, Newest } from "./ages";
import {
  changesOf,
  type Catalogue,
  type DayCount,
  type DrawnLayer,
  type Role,
  type TileJson,
} from "./catalogue";
import { asOfWeekday, dayText, hoursText, spanText, weekdayText, type Day } from "./days";
import { byId, element, safeUrl, setAttribute, setText } from "./dom";
import type { EventWindow } from "./event_window";
import { evidenceContent } from "./evidence";
import { worded, type Note } from "./notes";
import { pick, type Say } from "./texts";

/** How many events there are in a window, the shown day's with them. */
export interface EventsIn {
  window: EventWindow;
  count: number;
  all: number; // with those that the reader left out
}

/** A day as the card tells it, see `toldOn`. */
export interface Told {
  day: Day;
  count: DayCount | undefined;
  within: EventsIn | null;
  known: Known;
  notes: Note[];
  fixed: boolean;
}

/** The card and the details under it. */
export class Panel {
  private listed: number[] | null = null; // ids of the notes in the list
  private said = ""; // of ages, a line each
  private noteLayer: DrawnLayer | undefined;

  constructor(
    private readonly language: string,
    private readonly say: Say,
    private readonly groundCredit: string,
  ) {}

  /** Everything that holds for the theatre whatever the day. */
  fillTheatre(catalogue: Catalogue, id: string, tiles: TileJson): void {
    const theatre = catalogue.theatres.find((one) => one.id === id);
    const title = pick(theatre?.title, this.language) || id;
    const chooser = byId<HTMLSelectElement>("theatre");
    chooser.replaceChildren(
      ...catalogue.theatres.map((one) =>
        element("option", "", [pick(one.title, this.language) || one.id], { value: one.id }),
      ),
    );
    chooser.value = id;
    chooser.setAttribute("aria-label", this.say("theatre"));
    byId("chooser").classList.toggle("only-one", catalogue.theatres.length < 2);
    byId("title").textContent = title;
    byId("map").setAttribute("aria-label", this.say("mapLabel", { title }));
    const notice = pick(tiles.notice, this.language) || pick(theatre?.notice, this.language);
    for (const part of ["notice-text", "notice-whole"]) byId(part).textContent = notice;
    for (const part of ["notice", "notice-whole"]) byId(part).hidden = !notice;
    this.noteLayer = tiles.drawn.find(({ role, newest }) => role === "notes" && newest !== null);
    byId("notes-section").hidden = this.noteLayer === undefined;
    this.fillCredits(tiles);
  }

  /** No day is on the map. */
  clear(): void {
    for (const id of ["weekday", "date", "summary", "ages", "notes"]) byId(id).textContent = "";
    byId("date").removeAttribute("datetime");
    document.title = byId("title").textContent;
    this.listed = null;
    this.said = "";
  }

  /** List the notes anew with the next day: they may say something else under the same ids. */
  forgetNotes(): void {
    this.listed = null;
  }

  /** The day that is on the map. */
  showDay(told: Told, numbers: ReadonlyMap<Note, number>, fly: (note: Note) => void): void {
    const { day, known, notes, fixed } = told;
    const isControlAged = known.aged.some((one) => one.role === "areas"); // then the day is not all the latest
    const isLatest = known.newest !== null && !fixed && !isControlAged;
    setText(byId("as-of"), this.say(isLatest ? "latest" : "asOf"));
    setText(byId("weekday"), (isLatest ? weekdayText : asOfWeekday)(day, this.language));
    const date = byId<HTMLTimeElement>("date");
    const text = dayText(day, this.language);
    setText(date, text);
    setAttribute(date, "datetime", day);
    document.title = `${byId("title").textContent}, ${text}`;
    setText(byId("summary"), this.summary(told).join(", "));
    this.list(this.ages(told));
    byId("ages").classList.toggle("control-aged", isControlAged);
    if (notes.length === this.listed?.length && notes.every(({ id }, i) => id === this.listed?.[i])) return;
    this.listed = notes.map(({ id }) => id);
    byId("notes").replaceChildren(
      ...(notes.length
        ? [...notes]
            .sort((one, other) => (numbers.get(one) ?? 0) - (numbers.get(other) ?? 0))
            .map((note) => this.note(note, numbers.get(note) ?? 0, fly))
        : [element("li", "none", [this.say("noNotes")])]),
    );
  }

  private list(ages: string[]): void {
    const said = ages.join("\n");
    if (said === this.said) return;
    this.said = said;
    byId("ages").replaceChildren(...ages.map((text) => element("li", "", [text])));
  }

  /** A sentence for those who do not see the map. */
  sentence(told: Told): string {
    const summary = this.summary(told).join(", ");
    return [
      `${dayText(told.day, this.language)}${summary && ": "}${summary}.`,
      ...this.ages(told),
      ...told.notes.map(
        (note) =>
          `${worded(note.properties, "direction", this.language)}: ${worded(note.properties, "text", this.language)}`,
      ),
    ].join(" ");
  }

  /** What happened. Where nothing is published of a role, or its data ends before the day, nobody can tell, and
   *  nothing is said; before the first state of control, from when on it is known. */
  private summary({ day, count, within, known }: Told): string[] {
    const ended = (role: Role): boolean => known.aged.some((one) => one.role === role && !one.title);
    const { areas, events } = known.first;
    return [
      ...(areas && !ended("areas") ? [day < areas ? this.begins(areas) : this.changes(count, known)] : []),
      ...(events && events <= day && !ended("events") ? [this.happened(count, within)] : []),
    ];
  }

  private happened(count: DayCount | undefined, within: EventsIn | null): string {
    const { events = 0, unfiltered = events } = count ?? {};
    const today =
      events === unfiltered
        ? this.counted("events", events)
        : this.say("events", { count: this.some(events, unfiltered) });
    if (!within || (within.count === events && within.all === unfiltered)) return today;
    const all = { count: this.some(within.count, within.all), days: within.window };
    return `${today}, ${this.say(within.window === Infinity ? "eventsSoFar" : "eventsInDays", all)}`;
  }

  private some(count: number, all: number): string {
    return count === all ? String(count) : this.say("someOf", { count, all });
  }

  private begins(day: Day): string {
    return this.say("beginsOn", { day: dayText(day, this.language, "short") });
  }

  private ages({ known: { aged, newest }, fixed }: Told): string[] {
    return [...aged.map((one) => this.aged(one)), ...(newest && !fixed ? [this.newest(newest)] : [])];
  }

  private aged({ role, title, day, days }: Aged): string {
    return this.say(title ? "layerAged" : role === "areas" ? "areasAged" : "eventsAged", {
      title: pick(title, this.language),
      day: dayText(day, this.language, "short"),
      age: spanText(days, this.language),
    });
  }

  private newest({ days, hours, goesOn }: Newest): string {
    const age = this.say(goesOn ? "newestAreas" : "newest", { ago: spanText(days, this.language, true) });
    return hours ? `${age} ${this.say("delay", { hours: hoursText(hours, this.language) })}` : age;
  }

  private changes(count: DayCount | undefined, { lastChange, begins }: Known): string {
    if (begins) return this.say("begins");
    if (changesOf(count) === 0 && lastChange)
      return this.say("changedNoneSince", { day: dayText(lastChange, this.language, "short") });
    return this.counted("changed", changesOf(count));
  }

  private counted(word: "changed" | "events", count: number): string {
    if (count === 0) return this.say(`${word}None`);
    return count === 1 ? this.say(`${word}One`) : this.say(word, { count });
  }

  private note(note: Note, number: number, fly: (note: Note) => void): HTMLElement {
    const heading = element(
      "button",
      "note-place",
      [element("span", "note-number", [String(number)]), worded(note.properties, "direction", this.language)],
      { type: "button" },
    );
    heading.addEventListener("click", () => fly(note));
    return element("li", "", [
      element("h3", "", [heading]),
      element("p", "", [worded(note.properties, "text", this.language)]),
      ...evidenceContent(this.noteLayer, note.properties, this.language, this.say),
    ]);
  }

  private fillCredits(tiles: TileJson): void {
    const said = new Set<string>();
    const items: HTMLElement[] = [];
    const empty = new Set(tiles.drawn.filter(({ newest }) => newest === null).map(({ name }) => name));
    for (const [name, source] of Object.entries(tiles.sources)) {
      if (empty.has(name) || !source.attribution || said.has(source.attribution)) continue;
      said.add(source.attribution);
      const url = safeUrl(source.url);
      const text =
        source.licence && !source.attribution.includes(source.licence.split("-")[0] ?? "")
          ? `${source.attribution} (${source.licence})`
          : source.attribution;
      items.push(
        element("li", "", [
          url ? element("a", "", [text], { href: url, rel: "noopener noreferrer", target: "_blank" }) : text,
        ]),
      );
    }
    if (items.length === 0 && tiles.attribution) items.push(element("li", "", [tiles.attribution]));
    items.push(element("li", "", [`${this.say("basemap")}: ${this.groundCredit}`]));
    byId("credits-list").replaceChildren(...items);
    byId("credits-word").textContent = this.say("sources");
  }
}
