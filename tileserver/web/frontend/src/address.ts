// The address, in and out: what a link says (theatre, day, part of the map, dress of the page) is read from it, and
// it names what the map shows, so that it can be copied at any moment.
//   /?theatre=ukraine&lang=uk#map=6.5/48.9/37.2&at=2023-11-09&compare=2023-10-01&off=events
//   /embed?theatre=ukraine&at=2023-11-09&map=6.5/48.9/37.2&revision=112&theme=dark
// The server reads links too, for titles and pictures, and sees no fragment: web/page_link.py.

import { isDay, type Day } from "./days";
import { choiceOf, choiceText, type EventChoice } from "./event_choice";
import { mapPage } from "./served";
import { AS_AT_FIRST, type Switches } from "./switches";

/** The middle of the map in degrees, and its zoom level. */
export interface Camera {
  zoom: number;
  lat: number;
  lon: number;
}

/** A link; an empty text, null or "auto" is for what it does not say. */
export interface Link {
  theatre: string;
  at: Day | "latest" | "";
  compare: Day | ""; // the other day of a comparison
  known: number; // the revision that knew it so, where it is the shown day itself; 0 for now
  camera: Camera | null;
  switches: Switches;
  lang: string;
  theme: "light" | "dark" | "auto";
  controls: boolean | null;
  events: EventChoice;
  revision: number; // of an embed of one day: the newest that it may know; 0 for none
}

function cameraOf(text: string | null): Camera | null {
  const parts = (text ?? "").split("/");
  const [zoom, lat, lon] = parts.map(Number);
  if (parts.length !== 3 || zoom === undefined || lat === undefined || lon === undefined) return null;
  const within =
    parts.every(Boolean) && zoom >= 0 && zoom <= 22 && Math.abs(lat) <= 85.06 && Math.abs(lon) <= 180;
  return within ? { zoom, lat, lon } : null;
}

const onlyDay = (text: string): Day | "" => (isDay(text) ? text : "");
const revisionOf = (text: string | null): number => (/^[1-9]\d{0,14}$/.test(text ?? "") ? Number(text) : 0);
const dayOf = (text: string): Link["at"] => (text === "latest" || isDay(text) ? text : "");

const namesIn = (text: string | null): string[] => (text ?? "").split(",").filter(Boolean);

/** Read a link; nonsense counts as not said. The part after `#` goes before the query. */
export function readLink(search: string, hash: string): Link {
  const query = new URLSearchParams(search);
  const fragment = new URLSearchParams(hash.replace(/^#/, ""));
  const theme = query.get("theme");
  const controls = query.get("controls");
  const said = (name: string): string | null => fragment.get(name) ?? query.get(name);
  return {
    theatre: query.get("theatre") ?? "",
    at: dayOf(said("at") ?? ""),
    compare: onlyDay(said("compare") ?? ""),
    known: revisionOf(said("known")),
    camera: cameraOf(said("map")),
    switches: { off: namesIn(said("off")), on: namesIn(said("on")) },
    lang: query.get("lang") ?? "",
    theme: theme === "light" || theme === "dark" ? theme : "auto",
    controls: controls === "1" || (controls === "0" ? false : null),
    events: choiceOf(said),
    revision: revisionOf(query.get("revision")),
  };
}

/** A link to another theatre, as it opens unasked. */
export const linkElsewhere = (link: Link, theatre: string): Link => ({
  ...link,
  theatre,
  at: "",
  compare: "",
  known: 0,
  camera: null,
  switches: AS_AT_FIRST,
  events: { ...link.events, open: "" },
});

/** A camera as text: zoom to 2 decimals, degrees as exactly as a pixel of that zoom. */
export function cameraText({ zoom, lat, lon }: Camera): string {
  const decimals = Math.max(2, Math.ceil((zoom * Math.LN2 + Math.log(512 / 360)) / Math.LN10));
  return `${Number(zoom.toFixed(2))}/${lat.toFixed(decimals)}/${lon.toFixed(decimals)}`;
}

/** The part after `#`. */
export function fragmentOf(place: Place, at: Day | ""): string {
  const { camera, compare, known, events } = place;
  const { off, on } = place.switches;
  const named = (key: string, names: string[]): string =>
    names.length ? `&${key}=${names.map(encodeURIComponent).join(",")}` : "";
  const days = `${at && `&at=${at}`}${at && compare && `&compare=${compare}`}`;
  const before = at && at === compare && known ? `&known=${known}` : "";
  return `#map=${cameraText(camera)}${days}${before}${named("off", off)}${named("on", on)}${choiceText(events)}`;
}

/** What the map shows at the moment: the theatre's id, the day that is named ("" for none), the day beside it. */
export interface Place {
  theatre: string;
  day: Day | "";
  compare: Day | "";
  known: number;
  camera: Camera;
  switches: Switches;
  lang: string;
  events: EventChoice;
}

const WAIT_MS = 400; // browsers bear no more than a few changes of the address a second

/** What of a browser's window an address is made of. */
export interface AddressBar {
  location: Pick<Location, "pathname" | "search" | "hash">;
  history: Pick<History, "pushState" | "replaceState">;
  addEventListener(type: "popstate", act: () => void): void;
}

/** How an address is kept. */
export interface AddressOptions {
  bar: AddressBar;
  embedded: boolean;
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
  /** What the map shows; null before there is anything. */
  place: () => Place | null;
  /** The reader went back or forward, or edited the address. */
  onFollow: (link: Link) => void;
}

/** The address of the page, or of an embed the link out of it: an embed leaves its own address alone. */
export class Address {
  private next = 0; // when it may change again
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: AddressOptions) {
    const { bar, onFollow } = options;
    bar.addEventListener("popstate", () => onFollow(readLink(bar.location.search, bar.location.hash)));
  }

  /** Name what the map shows, in a new entry of the history or in place of the newest; at once, or a little later. */
  write(how: "push" | "replace"): void {
    const { bar, embedded, now, place } = this.options;
    const at = place();
    if (!at) return;
    if (embedded) {
      document.getElementById("open-full")?.setAttribute("href", linkOut(at));
      return;
    }
    if (!at.day) return;
    clearTimeout(this.timer);
    const wait = how === "push" ? 0 : this.next - now();
    if (wait > 0) {
      this.timer = setTimeout(() => this.write("replace"), wait);
      return;
    }
    this.next = now() + WAIT_MS;
    const query = new URLSearchParams(bar.location.search);
    for (const name of ["at", "compare", "known", "map", "off", "on"]) query.delete(name); // which the fragment says
    query.set("theatre", at.theatre);
    this.set(how, query, fragmentOf(at, at.day));
  }

  /** A link to a place: within the page, or out of an embed. */
  linkTo(place: Place): string {
    return this.options.embedded ? linkOut(place) : fragmentOf(place, place.day);
  }

  /** Name a theatre that is to be opened, and nothing of it yet. */
  choose(theatre: string): void {
    const query = Object.fromEntries(new URLSearchParams(this.options.bar.location.search));
    this.set("push", new URLSearchParams({ ...query, theatre }), "");
  }

  /** Name what the page is to show when it is loaded anew, by an embed too. */
  keep(place: Place, day: Day | ""): void {
    const query = new URLSearchParams(this.options.bar.location.search);
    if (this.options.embedded) query.set("controls", "1");
    query.set("theatre", place.theatre);
    this.set("replace", query, fragmentOf(place, day));
  }

  private set(how: "push" | "replace", query: URLSearchParams, fragment: string): void {
    const { location, history } = this.options.bar;
    history[`${how}State`](null, "", `${location.pathname}?${query.toString()}${fragment}`);
  }
}

function linkOut(place: Place): string {
  const { theatre, lang } = place;
  const query = new URLSearchParams({ theatre, ...(lang ? { lang } : {}) });
  return `./${mapPage()}?${query.toString()}${fragmentOf(place, place.day)}`;
}
