// The page as a whole: which theatre and day are wished for, which day is shown, and who has to be told.

import { NavigationControl, ScaleControl, type ErrorEvent, type Map as MapLibre } from "maplibre-gl";
import { knownOn } from "./ages";
import { basemapStyle, type Theme } from "./basemap";
import { readCatalogue, readTileJson, type Catalogue } from "./catalogue";
import { Comparison } from "./comparison";
import { addDays, clampDay, dayText, isDay, type Day } from "./days";
import { byId } from "./dom";
import { watchHealth } from "./health";
import { addImages, setPlaceImages } from "./images";
import { cameraOfMap, createMap, openCamera, repaint, type Clear } from "./map";
import type { Note } from "./notes";
import { Panel } from "./panel";
import { fragmentOf, readLink, type Link } from "./permalink";
import { answerClicks } from "./popup";
import { DATED, PeriodsOnMap } from "./periods_on_map";
import { DayQueue, type Prepared, type Progress } from "./dayqueue";
import type { Say } from "./texts";
import { readTheatre, spanOf, type OpenTheatre } from "./theatre";
import { Timebar, type Manner } from "./timebar";

const PLAY_MS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1000 : 125; // how long a day stands while playing
const LINK_MS = 400; // browsers bear no more than a few changes of the address a second
const SETTLE_MS = 700; // after which a day is spoken aloud
const RETRY_MS = 4000;

const embedded = document.body.classList.contains("embed");
const root = document.documentElement;

export class App {
  private readonly panel: Panel;
  private readonly timebar: Timebar;
  private readonly queue: DayQueue;
  private readonly comparison: Comparison;
  private readonly popups: { close(): void };
  private readonly map: MapLibre;
  private readonly periods: PeriodsOnMap;
  private catalogue: Catalogue | null = null;
  private loaded: OpenTheatre | null = null;
  private lost: { promise: Promise<void>; restored(): void } | null = null; // while the map has nothing to draw on
  private state: Progress = { phase: "loading", shown: "", wanted: "" };
  private notes: Note[] = [];
  private playing = false;
  private playNext = 0; // when the next day is due
  private travels = false; // whether the reader moves through time, so that it pays to load ahead
  private manner: Manner = "step";
  private asked = "";
  private linkNext = 0; // when the address may change again
  private theme: Theme;
  private fixed = false; // an embed of one day, which is not left
  private timers: Record<string, ReturnType<typeof setTimeout>> = {};

  constructor(
    private link: Link,
    private readonly language: string,
    private readonly say: Say,
  ) {
    this.theme = this.chooseTheme();
    this.panel = new Panel(language, say);
    this.map = createMap(basemapStyle(this.theme, language), link.camera, embedded, say);
    this.periods = new PeriodsOnMap(
      this.map,
      (day, notes) => this.onDay(day, notes),
      () => this.onHole(),
    );
    this.queue = new DayQueue({
      instantly: (day) => this.periods.instantly(day),
      prepare: (day) => this.prepare(day),
      onProgress: (state) => this.onState(state),
    });
    this.timebar = new Timebar({
      language,
      say,
      onWish: (day, manner) => this.travel(day, manner),
      onPlay: () => this.play(!this.playing),
    });
    this.comparison = new Comparison({ map: this.map, language, say, onChoice: (day) => this.compare(day) });
    this.popups = answerClicks(this.map, () =>
      this.loaded && this.state.shown
        ? {
            tiles: this.loaded.tiles,
            language,
            say,
            day: this.state.shown,
            notes: this.notes,
            comparison: this.comparison.shown,
            layersOf: (role) => this.periods.layerIds(role),
          }
        : null,
    );
    this.dress();
  }

  /** Read the catalogue, then open the theatre that the link names; tried again until the server answers. */
  async start(): Promise<void> {
    try {
      const [catalogue] = await Promise.all([
        readCatalogue(),
        this.map.loaded() ? null : this.map.once("style.load"),
      ]);
      this.catalogue = catalogue;
      await this.open(this.link.theatre);
    } catch (error) {
      console.warn("map:", error);
      root.dataset["state"] = "error";
      this.hint(this.say("offline"));
      this.later("start", () => void this.start(), RETRY_MS);
    }
  }

  private async open(id: string): Promise<void> {
    const { catalogue } = this;
    if (!catalogue) return;
    const loaded = await readTheatre(catalogue, id);
    await this.lost?.promise;
    this.loaded = loaded;
    const { theatre, tiles } = loaded;
    this.takeDown();
    this.openView();
    addImages(this.map, tiles.legend, this.theme);
    this.panel.fillTheatre(catalogue, theatre.id, tiles);
    this.panel.fillLegend(tiles, this.theme);
    const span = spanOf(tiles);
    this.timebar.setDays(span, loaded.days);
    this.comparison.setSpan(span);
    this.choose(this.link.compare && clampDay(this.link.compare, span.first, span.last));
    if (!this.link.camera) openCamera(this.map, theatre, this.clear());
    this.wish(this.openingDay(), "step");
  }

  /** Nothing is shown any more, so nothing is named. */
  private takeDown(): void {
    this.queue.forget();
    this.periods.clear();
    this.comparison.clear();
    this.popups.close();
    this.panel.clear();
    delete root.dataset["shown"];
  }

  /** Sources, layers and feature states went with the context: the wished-for day is made anew once there is another. */
  private onLost(): void {
    const { wanted } = this.state;
    let restored = (): void => undefined;
    this.lost ??= {
      promise: new Promise<void>((resolve) => {
        restored = resolve;
      }),
      restored: () => restored(),
    };
    this.periods.abandon();
    this.comparison.abandon();
    this.takeDown();
    this.hint(this.say("lost"));
    if (wanted) this.wish(wanted, "step");
  }

  /** MapLibre has put back the style that it lost, without what made it a day's: an empty one is filled instead. */
  private onRestored(): void {
    this.map.setStyle(basemapStyle(this.theme, this.language), { diff: false });
    void this.map.once("style.load").then(() => {
      repaint(this.map, basemapStyle(this.theme, this.language)); // which may be another by now
      if (this.loaded) addImages(this.map, this.loaded.tiles.legend, this.theme);
      const { lost } = this;
      this.lost = null;
      lost?.restored();
    });
  }

  private onStopped(stopped: boolean): void {
    byId("stopped").hidden = !stopped;
    if (stopped) root.dataset["state"] = "stopped";
    else this.onState(this.state);
  }

  /** Load the page anew with what it was to show. */
  private restart(): void {
    if (this.loaded && !document.body.classList.contains("no-controls")) {
      const query = new URLSearchParams(location.search);
      if (embedded) query.set("controls", "1");
      query.set("theatre", this.loaded.theatre.id);
      const at = this.state.wanted || this.openingDay();
      history.replaceState(
        null,
        "",
        `${location.pathname}?${query.toString()}${fragmentOf(cameraOfMap(this.map), at, this.link.compare)}`,
      );
    }
    location.reload();
  }

  private openingDay(): Day {
    const { at } = this.link,
      { theatre, tiles } = this.loaded!;
    if (at === "latest") return tiles.time.last_day;
    const day = at || (theatre.opens_at && isDay(theatre.opens_at) ? theatre.opens_at : tiles.time.default);
    this.asked = at && clampDay(at, tiles.time.first_day, tiles.time.last_day) !== at ? at : "";
    return clampDay(day, tiles.time.first_day, tiles.time.last_day);
  }

  /** The reader moves through time. */
  private travel(day: Day, manner: Manner): void {
    this.travels = true;
    this.wish(day, manner);
  }

  private wish(day: Day, manner: Manner): void {
    this.manner = manner;
    this.periods.aim(day);
    if (this.asked && this.state.shown) this.asked = "";
    this.queue.want(day);
    this.timebar.update(day, this.state.shown, this.playing);
  }

  private openView(): void {
    const { theatre, tiles } = this.loaded!;
    const steady = document.body.classList.contains("no-controls");
    const look = { theme: this.theme, layers: tiles.layers, legend: tiles.legend, category: tiles.category };
    this.periods.open({ tileset: theatre.tileset, tiles, look, steady });
  }

  private async prepare(day: Day): Promise<Prepared> {
    try {
      await this.lost?.promise;
      return await this.periods.prepare(day);
    } catch (error) {
      if (day === this.state.wanted) await this.readAgain();
      throw error;
    }
  }

  /** A correction or a withdrawal may have given a period another name. */
  private async readAgain(): Promise<void> {
    const { loaded } = this;
    const tiles = loaded && (await readTileJson(loaded.theatre.tileset).catch(() => null));
    if (!tiles || loaded !== this.loaded) return;
    loaded.tiles = tiles;
    this.openView();
  }

  /** In the same moment as the picture: label, summary, address. */
  private onDay(day: Day, notes: Note[]): void {
    const { tiles, countOn, days } = this.loaded!;
    const count = countOn.get(day);
    this.notes = notes;
    const told = { day, count, known: knownOn(day, tiles.time, days), notes, fixed: this.fixed };
    this.panel.showDay(told, this.periods.numbers(notes), (note) => this.flyTo(note));
    if (day !== root.dataset["shown"]) this.popups.close();
    root.dataset["shown"] = day;
    this.comparison.follow(day, this.loaded!.tiles, this.theme);
    this.writeLink(day, this.manner === "jump" && this.state.shown ? "push" : "replace");
    this.manner = "step";
    this.later(
      "spoken",
      () => {
        byId("spoken").textContent = this.panel.sentence(told);
      },
      SETTLE_MS,
    );
  }

  /** The later of both days is the one to look at, so that what is drawn is what has changed until then. */
  private compare(day: Day | ""): void {
    const shown = this.state.wanted;
    const swapped = day > shown;
    this.choose(swapped ? shown : day);
    if (swapped) this.wish(day, "jump");
    else if (this.loaded && this.state.shown) {
      this.comparison.follow(this.state.shown, this.loaded.tiles, this.theme);
      this.writeLink(this.state.shown, "replace");
    }
  }

  private choose(day: Day | ""): void {
    this.link.compare = day;
    this.comparison.choose(day);
    this.periods.mute(day !== "");
  }

  private onState(state: Progress): void {
    this.state = state;
    root.dataset["state"] = byId("stopped").hidden ? state.phase : "stopped";
    const text = (day: Day): string => dayText(day, this.language, "short");
    if (this.lost) this.hint(this.say("lost"));
    else if (state.phase === "error") this.hint(this.say("failed", { day: text(state.wanted) }));
    else if (state.phase === "loading" && state.wanted !== state.shown)
      this.hint(this.say("loading", { day: text(state.wanted) }));
    else
      this.hint(
        this.asked && state.shown
          ? this.say("clamped", { asked: text(this.asked), day: text(state.shown) })
          : "",
      );
    this.timebar.update(state.wanted, state.shown, this.playing);
    if (state.phase === "ready" && this.travels) this.periods.lookAhead();
  }

  /** A tile of the shown day is missing, after a move of the map say: keep the rest, say so, try it all again. */
  private onHole(): void {
    root.dataset["state"] = "error";
    this.hint(
      this.say("failed", { day: dayText(this.state.shown || this.state.wanted, this.language, "short") }),
    );
    this.later("hole", () => this.queue.refresh(), RETRY_MS);
  }

  private play(playing: boolean): void {
    const { tiles } = this.loaded ?? {};
    if (!tiles) return;
    if (playing && !this.playing) requestAnimationFrame((now) => this.playOn(now));
    this.playing = playing;
    if (playing && this.state.wanted === tiles.time.last_day) this.travel(tiles.time.first_day, "step");
    this.timebar.update(this.state.wanted, this.state.shown, this.playing);
  }

  /** At each frame: the next day once the shown one has stood long enough; never before it is shown. */
  private playOn(now: number): void {
    const last = this.loaded?.tiles.time.last_day ?? "";
    if (!this.playing) return;
    requestAnimationFrame((later) => this.playOn(later));
    if (this.state.phase !== "ready" || now < this.playNext) return;
    this.playNext = Math.max(this.playNext + PLAY_MS, now + PLAY_MS / 2);
    if (this.state.wanted >= last) this.play(false);
    else this.travel(addDays(this.state.wanted, 1), "step");
  }

  private flyTo(note: Note): void {
    if (matchMedia("(max-width: 640px)").matches) this.unfold(false);
    this.map.flyTo({ center: [note.lon, note.lat], zoom: Math.max(this.map.getZoom(), 8) });
  }

  /** The part of the map beside the card or under it, whichever is larger. */
  private clear(): Clear {
    const { clientWidth, clientHeight } = this.map.getContainer();
    const card = byId("card").getBoundingClientRect(),
      bar = byId("timebar").getBoundingClientRect();
    const bottom = bar.height ? bar.top : clientHeight;
    const beside = (clientWidth - card.right) * bottom > clientWidth * (bottom - card.bottom);
    return { left: beside ? card.right : 0, top: beside ? 0 : card.bottom, right: clientWidth, bottom };
  }

  private hint(text: string): void {
    const hint = byId("hint");
    if (hint.textContent !== text) hint.textContent = text;
    hint.hidden = !text;
  }

  private later(name: string, act: () => void, ms: number): void {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(act, ms);
  }

  /** The address names what the map shows: this day, this part of the map. An embed leaves its own alone. */
  private writeLink(day: Day | "", how: "push" | "replace"): void {
    if (!day || !this.loaded || embedded) {
      this.linkOut();
      return;
    }
    const wait = how === "push" ? 0 : this.linkNext - performance.now();
    if (wait > 0) {
      this.later("link", () => this.writeLink(this.state.shown, "replace"), wait);
      return;
    }
    clearTimeout(this.timers["link"]);
    this.linkNext = performance.now() + LINK_MS;
    const query = new URLSearchParams(location.search);
    query.delete("at");
    query.set("theatre", this.loaded.theatre.id);
    const url = `${location.pathname}?${query.toString()}${fragmentOf(cameraOfMap(this.map), day, this.link.compare)}`;
    history[how === "push" ? "pushState" : "replaceState"](null, "", url);
  }

  private linkOut(): void {
    const out = document.getElementById("open-full");
    if (!out || !this.loaded || !this.state.wanted) return;
    const query = new URLSearchParams({
      theatre: this.loaded.theatre.id,
      ...(this.link.lang ? { lang: this.link.lang } : {}),
    });
    out.setAttribute(
      "href",
      `/?${query.toString()}${fragmentOf(cameraOfMap(this.map), root.dataset["shown"] ?? "", this.link.compare)}`,
    );
  }

  /** The reader went back or forward, or edited the address. */
  private followLink(): void {
    const link = readLink(location.search, location.hash);
    const elsewhere = link.theatre !== "" && link.theatre !== this.loaded?.theatre.id;
    this.link = link;
    if (link.camera) this.map.jumpTo({ center: [link.camera.lon, link.camera.lat], zoom: link.camera.zoom });
    if (elsewhere && !this.catalogue?.theatres.some(({ id }) => id === link.theatre)) {
      location.reload();
      return;
    } // the server says what there is
    if (elsewhere) {
      void this.reopen(link.theatre);
      return;
    }
    this.choose(link.compare);
    if (this.loaded && this.state.shown)
      this.comparison.follow(this.state.shown, this.loaded.tiles, this.theme);
    if (this.loaded && link.at) this.wish(this.openingDay(), "step");
  }

  private async reopen(id: string): Promise<void> {
    this.play(false);
    try {
      await this.open(id);
    } catch (error) {
      console.warn("map:", error);
      this.hint(this.say("offline"));
      this.later("start", () => void this.reopen(id), RETRY_MS);
    }
  }

  private chooseTheme(): Theme {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const theme = this.link.theme === "auto" ? (dark ? "dark" : "light") : this.link.theme;
    root.dataset["theme"] = theme;
    return theme;
  }

  private changeTheme(): void {
    const theme = this.chooseTheme();
    if (theme === this.theme) return;
    this.theme = theme;
    if (!this.lost) {
      setPlaceImages(this.map, theme);
      repaint(this.map, basemapStyle(theme, this.language));
    }
    if (!this.loaded) return;
    if (!this.lost) addImages(this.map, this.loaded.tiles.legend, theme);
    this.panel.fillLegend(this.loaded.tiles, theme);
    this.openView();
    this.queue.refresh();
  }

  private unfold(open: boolean): void {
    document.body.classList.toggle("unfolded", open);
    byId("details-toggle").setAttribute("aria-expanded", String(open));
  }

  /** Words, controls and listeners that stand from the start. */
  private dress(): void {
    const { map, say } = this;
    map.on("style.load", () => setPlaceImages(map, this.theme));
    const dated = embedded && this.link.at !== "" && this.link.at !== "latest";
    document.body.classList.toggle("no-controls", embedded && !(this.link.controls ?? !dated));
    this.fixed = dated && document.body.classList.contains("no-controls");
    byId("legend-title").textContent = say("legend");
    byId("notes-title").textContent = say("notes");
    const fixedText = document.getElementById("fixed");
    if (fixedText) {
      fixedText.textContent = say("fixed");
      fixedText.hidden = !this.fixed;
    }
    const out = document.getElementById("open-full");
    if (out) out.querySelector("span")!.textContent = say("openFull");
    const toggle = byId("details-toggle");
    toggle.querySelector("span")!.textContent = say(embedded ? "legend" : "details");
    toggle.addEventListener("click", () => this.unfold(!document.body.classList.contains("unfolded")));
    this.unfold(!embedded && matchMedia("(min-width: 641px)").matches);
    map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    map.addControl(new ScaleControl({ maxWidth: 90 }), "bottom-right");
    map.on("error", (event: ErrorEvent & { sourceId?: string }) => {
      if (!event.sourceId?.startsWith(DATED)) console.warn("map:", event.error.message);
    });
    map.on("moveend", () => this.writeLink(this.state.shown, "replace"));
    for (const reach of ["pointerenter", "focusin"])
      byId("timebar").addEventListener(reach, () => {
        if (!this.travels) {
          this.travels = true;
          this.onState(this.state);
        }
      });
    byId("stopped-why").textContent = say("stopped");
    byId("restart").textContent = say("restart");
    byId("restart").addEventListener("click", () => this.restart());
    watchHealth({
      map,
      onLost: () => this.onLost(),
      onRestored: () => this.onRestored(),
      onStopped: (stopped) => this.onStopped(stopped),
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.changeTheme());
    window.addEventListener("popstate", () => this.followLink());
    byId<HTMLSelectElement>("theatre").addEventListener("change", (event) => {
      const id = (event.target as HTMLSelectElement).value;
      this.link = { ...this.link, theatre: id, at: "", compare: "", camera: null };
      history.pushState(
        null,
        "",
        `${location.pathname}?${new URLSearchParams({ ...Object.fromEntries(new URLSearchParams(location.search)), theatre: id }).toString()}`,
      );
      void this.reopen(id);
    });
    Object.assign(window, { tileserverMap: map, tileserverShownSource: () => this.periods.source });
  }
}
