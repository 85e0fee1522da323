// What happens on the page, and what follows from it: a theatre opens, a day comes onto the map, the reader compares
// two days, goes back, turns the lights off; the map is lost and found. Who tells whom is wired in app.ts.

import { linkElsewhere, type Link } from "./address";
import { Answers } from "./answers";
import type { Catalogue, DayCount } from "./catalogue";
import { forgetMeanwhile, tellCorrected, tellMeanwhile } from "./corrected";
import { clampDay, type Day } from "./days";
import { setGround } from "./ground_dates";
import { choiceText, type EventChoice } from "./event_choice";
import { EventCounts } from "./event_counts";
import { flyToNote, jumpTo, openCamera } from "./map";
import type { Note } from "./notes";
import type { Parts } from "./parts";
import type { TheatreView } from "./periods_on_map";
import { comparing, entryOfComparing } from "./state";
import { offBy, turned } from "./switches";
import type { Say } from "./texts";
import { openingOf, readAgain, readNews, spanOf, toldOn, viewOf, type OpenTheatre } from "./theatre";
import { fillUpdated } from "./updated";
import { takeWish } from "./wish";

/** One reader's visit: the open theatre, the link as it is by now, and the notes of the shown day. */
export class Visit {
  private open: OpenTheatre | null = null;
  private notes: Note[] = [];
  private off: ReadonlySet<string> = new Set(); // names of layers that the reader does not see
  private readonly counts = new EventCounts();
  readonly answers: Answers;

  constructor(
    private link: Link,
    private readonly language: string,
    private readonly say: Say,
    private readonly parts: Parts,
  ) {
    this.answers = new Answers(language, say, parts, () => {
      const { open, link: now, off, notes } = this;
      return { open, link: now, off, notes };
    });
  }

  /** Open the theatre that the link names. */
  start(): void {
    void this.parts.loader.open(this.link.theatre);
  }

  /** A theatre has been read: fill the page with it, and wish for the day to begin at. */
  onOpen(open: OpenTheatre, catalogue: Catalogue): void {
    const { theatre, tiles } = open;
    const { compare, known, camera } = this.link;
    const span = spanOf(tiles);
    const first = this.open === null; // then there is nothing to take down, and the picture before the map stands
    this.open = open;
    this.off = offBy(this.link.switches, tiles);
    if (!first) this.takeDown();
    this.parts.look.addLegend(tiles);
    this.parts.panel.fillTheatre(catalogue, theatre.id, tiles);
    this.tellOfData(open);
    this.fillLegend(open);
    this.recount(open);
    this.parts.travel.open(this.view(open), this.days(open));
    this.parts.comparison.open(span, this.isComparable);
    this.choose(compare && clampDay(compare, span.first, span.last), known);
    if (!camera) openCamera(this.parts.map, theatre.centre);
    const opening = openingOf(open, takeWish() || this.link.at);
    this.parts.travel.begin(opening);
    const { revision } = this.parts.page;
    if (revision) void tellCorrected(theatre.id, opening.day, revision, this.say).catch(() => undefined);
  }

  private tellOfData({ theatre, tiles }: OpenTheatre): void {
    this.parts.gains.open(theatre.tileset, Boolean(tiles.time.gains), this.isComparable);
    fillUpdated(theatre.id, tiles, this.language, this.say);
  }

  private recount(open: OpenTheatre): void {
    void this.counts.begin(open, this.off, this.link.events.hidden, () => {
      if (open !== this.open) return;
      this.parts.travel.setDays(this.days(open));
      if (this.parts.page.day) this.tell(this.parts.page.day);
    });
  }

  private readonly days = (open: OpenTheatre): DayCount[] => this.counts.days(open, this.off);

  /** The reader wants to see other events. */
  chooseEvents(choice: EventChoice): void {
    this.link = { ...this.link, events: { ...choice, open: "" } };
    this.parts.popups.close(); // it may tell of what is no longer there
    if (this.open) this.reprepare(this.open);
    this.parts.address.write("replace");
  }

  /** Prepare the shown day anew, and keep it until then. */
  private reprepare(open: OpenTheatre): void {
    this.recount(open);
    this.parts.travel.open(this.view(open), this.days(open));
    this.parts.travel.refresh();
  }

  /** The popup of an event is open, or none is any more. */
  openEvent(key: string): void {
    this.link = { ...this.link, events: { ...this.link.events, open: key } };
    this.parts.address.write("replace");
  }

  private view(open: OpenTheatre): TheatreView {
    const { page } = this.parts;
    return viewOf(open, page.theme, this.off, this.link.events, !page.controls, page.revision);
  }

  private fillLegend({ tiles }: OpenTheatre): void {
    this.parts.legend.list({
      tiles,
      theme: this.parts.page.theme,
      off: this.off,
      comparable: this.isComparable,
    });
  }

  /** Whether somebody can say what changed hands between two days. */
  private get isComparable(): boolean {
    return Boolean(this.open?.tiles.time.changes);
  }

  /** The reader switches a layer or a part on or off. A layer's day is prepared anew, and kept until then. */
  switch(name: string): void {
    const { open } = this;
    this.off = turned(this.off, name);
    if (!open) return;
    this.parts.popups.close(); // it may tell of what is no longer there
    if (name === "sides" || open.tiles.drawn.some((layer) => layer.name === name)) this.reprepare(open);
    else this.afterwards();
    this.parts.address.write("replace");
  }

  /** Show nothing any more, and name nothing. */
  private takeDown(): void {
    this.parts.travel.takeDown();
    this.parts.comparison.clear();
    this.parts.afterwards.clear();
    this.parts.popups.close();
    this.parts.panel.clear();
    this.parts.gains.clear();
    this.parts.page.day = "";
  }

  /** In the same moment as the map: date, summary, notes, comparison, address. */
  onDay(day: Day, notes: Note[], entry: "push" | "replace"): void {
    const { page } = this.parts;
    setGround(this.parts.map, day);
    this.notes = notes;
    this.parts.gains.onDay(day, page.theme);
    this.tell(day);
    if (day !== page.day) {
      this.parts.popups.close();
      forgetMeanwhile();
    }
    page.day = day;
    this.afterwards();
    this.parts.comparison.follow(day, this.open!.tiles, page.theme);
    this.parts.address.write(entry);
  }

  /** Who gained what is known now: the shown day is told anew, aloud as well. */
  onGains(): void {
    const { day } = this.parts.page;
    if (this.open && day) this.tell(day);
  }

  private tell(day: Day): void {
    const { page, panel, travel, gains } = this.parts;
    const { open, notes, off } = this;
    const { window } = this.link.events;
    const told = toldOn(open!, { day, notes, off, days: this.days(open!), window, fixed: page.fixed });
    panel.showDay(told, travel.periods.numbers(notes), (note) => this.flyTo(note));
    if (!gains.isAwaited) page.setTold();
    page.speak(() => [panel.sentence(told), gains.sentence(day)].filter(Boolean).join(" "));
  }

  private afterwards(): void {
    const { open } = this;
    const { day } = this.parts.page;
    if (!open || !day) return;
    this.parts.afterwards.onDay({
      day,
      theatre: open.theatre.id,
      tiles: open.tiles,
      theme: this.parts.page.theme,
      off: this.off,
      compared: this.link.compare !== "",
      notes: this.notes,
      firstOfAreas: open.days.find(({ begins }) => begins.includes("areas"))?.day ?? "",
    });
  }

  /** A correction or a withdrawal may have given a period another id. */
  async readAgain(): Promise<void> {
    const { open } = this;
    if (open && (await readAgain(open)) && open === this.open) this.parts.travel.look(this.view(open));
  }

  /** Something may have been published, corrected or withdrawn since the theatre was read: then the shown day is made
   *  anew, and stays until that is whole. A day as it was known at a revision stays what it is. */
  async lookForNews(): Promise<void> {
    const { open } = this;
    const fresh = open && !this.parts.page.revision ? await readNews(open) : null;
    if (!open || !fresh || open !== this.open) return;
    this.open = fresh;
    this.tellOfData(fresh);
    this.parts.panel.forgetNotes();
    this.reprepare(fresh);
    this.compareAnew();
    const { day } = this.parts.page;
    if (!day) return;
    await tellMeanwhile(fresh.theatre.id, day, open.tiles.time.revision, this.say).catch(() => undefined);
  }

  /** The reader chose a day to compare with, or none any more. */
  compare(chosen: Day | ""): void {
    const { look, compare } = comparing(chosen, this.parts.travel.wanted);
    const entry = entryOfComparing(this.link.compare, compare);
    this.choose(compare);
    if (look !== this.parts.travel.wanted) {
      this.parts.travel.wish(look, "jump");
      return;
    }
    this.compareAnew();
    this.afterwards();
    this.parts.address.write(entry);
  }

  /** The reader chose both days of a comparison; a jump to the later one writes the address once it is shown. */
  compareDays(from: Day, to: Day): void {
    const entry = entryOfComparing(this.link.compare, from);
    this.choose(from);
    if (to !== this.parts.page.day || !this.isComparable) {
      this.parts.travel.travel(to, "jump");
      return;
    }
    this.compareAnew();
    this.parts.address.write(entry);
  }

  private choose(chosen: Day | "", known = 0): void {
    const day = this.isComparable ? chosen : "";
    this.link = { ...this.link, compare: day, known };
    this.parts.comparison.choose(day, known);
    this.parts.travel.periods.mute(day !== "");
  }

  private compareAnew(): void {
    if (this.open && this.parts.page.day)
      this.parts.comparison.follow(this.parts.page.day, this.open.tiles, this.parts.page.theme);
  }

  private flyTo(note: Note): void {
    this.parts.page.makeWay();
    flyToNote(this.parts.map, note);
  }

  /** Go to the newest public day. */
  toNewest(): void {
    if (this.open) this.parts.travel.travel(openingOf(this.open, "latest").day, "jump");
  }

  /** The reader went back or forward, or edited the address. */
  follow(link: Link): void {
    const { open } = this;
    const other = choiceText({ ...link.events, open: "" }) !== choiceText({ ...this.link.events, open: "" });
    const elsewhere = link.theatre !== "" && link.theatre !== open?.theatre.id;
    this.link = link;
    if (link.camera) jumpTo(this.parts.map, link.camera);
    if (elsewhere) {
      if (this.parts.loader.knows(link.theatre)) this.reopen(link.theatre);
      else location.reload(); // the server says what there is
      return;
    }
    this.choose(link.compare, link.known);
    this.compareAnew();
    this.afterwards();
    if (open && other) this.reprepare(open);
    if (open && link.at) this.parts.travel.begin(openingOf(open, this.link.at));
  }

  /** The reader chose another theatre. */
  chooseTheatre(id: string): void {
    this.link = linkElsewhere(this.link, id);
    this.parts.address.choose(id);
    this.reopen(id);
  }

  private reopen(id: string): void {
    this.parts.travel.pause();
    void this.parts.loader.open(id);
  }

  /** The reader's system may have turned light or dark. */
  changeTheme(): void {
    const { open } = this;
    const { page } = this.parts;
    const before = page.theme;
    if (page.chooseTheme(this.link) === before) return;
    this.parts.look.setTheme(page.theme, this.parts.recovery.isLost);
    if (!open) return;
    this.fillLegend(open);
    this.parts.travel.look(this.view(open));
    this.parts.travel.refresh();
  }

  /** The server does not answer, and will be asked again. */
  onOffline(nothing: boolean): void {
    if (!this.open) this.parts.page.state = "error";
    this.parts.page.hint(this.say(nothing ? "nothing" : "offline"));
  }

  /** Sources, layers and feature states went with the context: the wished-for day is made anew once there is another. */
  onLost(): void {
    const { wanted } = this.parts.travel;
    const { comparison, recent, drawnNotes } = this.parts;
    for (const one of [this.parts.travel.periods, comparison, recent, drawnNotes]) one.abandon();
    this.takeDown();
    this.parts.page.hint(this.say("lost"));
    if (wanted) this.parts.travel.wish(wanted, "step");
  }

  /** Load the page anew with what it was to show. */
  restart(): void {
    const place = this.answers.place();
    if (place && this.parts.page.controls) this.parts.address.keep(place, this.parts.travel.wanted);
    location.reload();
  }
}
