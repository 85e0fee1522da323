// The page around the map: its theme and dress, the line over the map, what it says of itself to style sheets, tests
// and readers who do not see it.

import type { Theme } from "./basemap";
import type { Day } from "./days";
import { byId, setText } from "./dom";
import type { Link } from "./address";
import type { Centre } from "./camera";
import type { Say } from "./texts";

const SETTLE_MS = 700; // after which a day is spoken aloud
const DARK = "(prefers-color-scheme: dark)";

/** What the reader does with the page itself. */
export interface PageOptions {
  say: Say;
  onTheatre(id: string): void;
  /** The reader's system may have turned light or dark. */
  onTheme(): void;
}

/** The reader's page, or an embed, which is the same in another dress. */
export class Page {
  readonly embedded = document.body.classList.contains("embed");
  readonly controls: boolean; // whether there are time controls
  readonly revision: number | null; // the newest that an embed of one day may know
  readonly fixed: boolean; // whether it is an embed of one day, which is not left
  theme: Theme;
  private readonly root = document.documentElement;
  private hinted = "";
  private remarked = "";
  private speaking: ReturnType<typeof setTimeout> | undefined;

  constructor(link: Link, options: PageOptions) {
    const dated = this.embedded && link.at !== "" && link.at !== "latest";
    // As known in one revision there is one day: the others may have been corrected together with it.
    this.controls = !this.embedded || (dated && link.revision ? false : (link.controls ?? !dated));
    this.fixed = dated && !this.controls;
    this.revision = this.fixed ? link.revision : null;
    this.theme = this.chooseTheme(link);
    this.dress(options.say);
    matchMedia(DARK).addEventListener("change", () => options.onTheme());
    const chooser = byId<HTMLSelectElement>("theatre");
    chooser.addEventListener("change", () => options.onTheatre(chooser.value));
  }

  /** Take the theme of a link, or the reader's own. */
  chooseTheme({ theme }: Link): Theme {
    const own = matchMedia(DARK).matches ? "dark" : "light";
    this.theme = theme === "auto" ? own : theme;
    this.root.dataset["theme"] = this.theme;
    return this.theme;
  }

  /** Where the theatre is that the server expects to open; null where it names none. */
  get centre(): Centre | null {
    const [lon, lat, zoom] = (this.root.dataset["centre"] ?? "").split(",").map(Number);
    return lon === undefined || lat === undefined || zoom === undefined ? null : [lon, lat, zoom];
  }

  /** The day that is on the map; "" where none is. */
  get day(): Day | "" {
    return this.root.dataset["shown"] ?? "";
  }

  set day(day: Day | "") {
    if (day) this.root.dataset["shown"] = day;
    else delete this.root.dataset["shown"];
  }

  /** Say how far the map is. */
  set state(state: "loading" | "ready" | "error" | "stopped") {
    this.root.dataset["state"] = state;
  }

  /** All lines of the card are said; what stands below them moves no more (`css/arriving.css`). */
  setTold(): void {
    this.root.dataset["told"] = "";
  }

  /** Set the line over the map; "" takes it away. */
  hint(text: string): void {
    this.hinted = text;
    this.setLine();
  }

  /** Set what the line over the map says while there is nothing else to be said; "" for nothing. */
  remark(text: string): void {
    this.remarked = text;
    this.setLine();
  }

  private setLine(): void {
    const line = byId("hint");
    const text = this.hinted || this.remarked;
    setText(line, text);
    if (line.hidden !== !text) line.hidden = !text;
  }

  /** Have a sentence read aloud, unless another one follows soon. */
  speak(sentence: () => string): void {
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => (byId("spoken").textContent = sentence()), SETTLE_MS);
  }

  /** Make way for the map where the card covers it. */
  makeWay(): void {
    if (matchMedia("(max-width: 640px)").matches) this.unfold(false);
  }

  private unfold(open: boolean): void {
    document.body.classList.toggle("unfolded", open);
    byId("details-toggle").setAttribute("aria-expanded", String(open));
  }

  private dress(say: Say): void {
    document.body.classList.toggle("no-controls", !this.controls);
    byId("legend-title").textContent = say("legend");
    byId("notes-title").textContent = say("notes");
    if (this.embedded) {
      byId("fixed").textContent = say("fixed");
      byId("fixed").hidden = !this.fixed;
      byId("open-full").querySelector("span")!.textContent = say("openFull");
    }
    const toggle = byId("details-toggle");
    toggle.querySelector("span")!.textContent = say(this.embedded ? "legend" : "details");
    toggle.addEventListener("click", () => this.unfold(!document.body.classList.contains("unfolded")));
    const wide = !this.embedded && matchMedia("(min-width: 641px)").matches;
    this.unfold(wide || document.body.classList.contains("unfolded"));
  }
}
