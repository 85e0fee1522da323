// Finding a place on the map: by its name in any language, by a direction of the notes, by coordinates. The index is
// of this server and loaded when the search is first opened; what the reader types goes nowhere.

import { coordinatesOf, coordinatesText } from "./coordinates";
import { element } from "./dom";
import { lengthText, type LonLat } from "./geodesy";
import { Marker, type Map as MapLibre } from "./maplibre";
import { indexed, nameIn, readIndex, search, townBy, type Index, type Place } from "./place_index";
import type { Say } from "./texts";
import type { Tools } from "./tools";

const ICON = "M8.5 2.8a5.7 5.7 0 1 1 0 11.4 5.7 5.7 0 0 1 0-11.4M12.7 12.7 17.5 17.5";
const INDEX = "static/basemap/places.txt";
const LIST = "search-list";

/** What the search stands on. */
export interface SearchOptions {
  map: MapLibre;
  tools: Tools;
  language: string;
  say: Say;
  /** The places of the desk and the data, and the directions of the day's notes. */
  more: () => Place[];
  /** The reader wants to see the map, where the sheet covers it. */
  makeWay: () => void;
}

/** Add the search to the tools. */
export const addSearch = (options: SearchOptions): Search => new Search(options);

class Search {
  private index: Promise<Index> | null = null;
  private marker: Marker | null = null;
  private found: Place[] = [];
  private asides: string[] = [];
  private chosen = -1;

  constructor(private readonly options: SearchOptions) {
    const { tools, say } = options;
    const fill = (body: HTMLElement): void => this.fill(body);
    tools.add({ id: "search", icon: ICON, label: say("search"), key: "/", fill });
  }

  private fill(body: HTMLElement): void {
    const { say } = this.options;
    const field = element("input", "", [], {
      id: "search-field",
      type: "text",
      role: "combobox",
      autocomplete: "off",
      spellcheck: "false",
      "aria-label": say("search"),
      "aria-autocomplete": "list",
      "aria-controls": LIST,
      "aria-expanded": "false",
      placeholder: say("searchFor"),
      "data-focus": "",
    });
    const list = element("ul", "", [], { id: LIST, role: "listbox", "aria-label": say("search") });
    const said = element("p", "small", [say("searchHow")], { id: "search-said", role: "status" });
    field.addEventListener("input", () => void this.look(field, list, said));
    field.addEventListener("keydown", (event) => this.key(event, field, list));
    body.append(field, list, said);
    this.index ??= fetch(INDEX)
      .then(async (answer) => indexed(answer.ok ? readIndex(await answer.text()) : []))
      .catch(() => {
        this.index = null; // another opening asks again
        return [];
      });
  }

  private async look(field: HTMLInputElement, list: HTMLElement, said: HTMLElement): Promise<void> {
    const index = (await this.index) ?? [];
    const { map, say, more } = this.options;
    const text = field.value.trim();
    const at = coordinatesOf(text);
    const { lng, lat } = map.getCenter();
    const middle: LonLat = [lng, lat];
    this.found = at
      ? [{ names: { "": coordinatesText(at) }, zoom: 0, at, kind: "place" }]
      : distinct([...search(indexed(more()), text, middle), ...search(index, text, middle)]).slice(0, 8);
    this.chosen = this.found.length ? 0 : -1;
    this.asides = asidesOf(this.found, index, this.options);
    this.show(field, list);
    const { length } = this.found;
    said.textContent =
      text.length < 2 ? say("searchHow") : length ? say("searchFound", { count: length }) : say("searchNone");
  }

  private show(field: HTMLInputElement, list: HTMLElement): void {
    const { language } = this.options;
    list.replaceChildren(
      ...this.found.map((place, i) => {
        const name = nameIn(place, language);
        const aside = this.asides[i] ?? "";
        const row = element("li", "", [name, ...(aside ? [element("span", "small", [aside])] : [])], {
          id: `${LIST}-${i}`,
          role: "option",
          "aria-selected": String(i === this.chosen),
        });
        row.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
        row.addEventListener("click", () => this.go(place));
        return row;
      }),
    );
    field.setAttribute("aria-expanded", String(this.found.length > 0));
    if (this.chosen < 0) field.removeAttribute("aria-activedescendant");
    else field.setAttribute("aria-activedescendant", `${LIST}-${this.chosen}`);
  }

  private key(event: KeyboardEvent, field: HTMLInputElement, list: HTMLElement): void {
    const { length } = this.found;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step && length) {
      this.chosen = (this.chosen + step + length) % length;
      this.show(field, list);
      list.children[this.chosen]?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && this.found[this.chosen]) this.go(this.found[this.chosen]!);
    else if (event.key === "Escape" && field.value) {
      field.value = "";
      this.found = [];
      this.chosen = -1;
      this.show(field, list);
    } else return;
    event.preventDefault();
  }

  private go(place: Place): void {
    const { map, language, makeWay } = this.options;
    const isCoordinates = place.zoom === 0;
    makeWay();
    this.marker?.remove();
    const label = nameIn(place, language);
    const mark = element("div", "search-mark", [], { role: "img", "aria-label": label, title: label });
    mark.addEventListener("click", () => this.marker?.remove());
    this.marker = new Marker({ element: mark, anchor: "bottom" }).setLngLat(place.at).addTo(map);
    const zoom = isCoordinates ? 11 : Math.min(12, Math.max(8, place.zoom + 1));
    map.flyTo({ center: place.at, zoom: Math.max(zoom, Math.min(map.getZoom(), 12)), duration: 900 });
  }
}

/** The words beside each place that was found: a direction is called one, places of one name say by which town they
 *  lie, and others have the local name where they are shown by another. */
export function asidesOf(
  found: readonly Place[],
  index: Index,
  { language, say }: Pick<SearchOptions, "language" | "say">,
): string[] {
  const shown = found.map((place) => nameIn(place, language));
  return found.map((place, i) => {
    if (place.kind === "direction") return say("searchDirection");
    const near = shown.filter((name) => name === shown[i]).length > 1 ? townBy(index, place) : null;
    if (near?.metres) return `${nameIn(near.town, language)} ${lengthText(near.metres, language)}`;
    const local = place.names[""] ?? "";
    return local === shown[i] ? "" : local;
  });
}

/** Places without those that another one of the same name stands for, within some ten kilometres. */
export function distinct(places: readonly Place[]): Place[] {
  const kept: Place[] = [];
  for (const place of places) {
    const names = new Set(Object.values(place.names));
    const isKnown = kept.some(
      ({ at, names: others }) =>
        Math.abs(at[0] - place.at[0]) < 0.12 &&
        Math.abs(at[1] - place.at[1]) < 0.08 &&
        Object.values(others).some((name) => names.has(name)),
    );
    if (!isKnown) kept.push(place);
  }
  return kept;
}
