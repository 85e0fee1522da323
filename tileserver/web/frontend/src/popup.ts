// Popups, which tell what lies under a click: events, a note, land that changed hands, else who holds the place. Text
// is only ever set as text.

import type { Map as MapLibre, MapGeoJSONFeature, MapMouseEvent, Point, PointLike } from "maplibre-gl";
import type { DrawnLayer, Role, TileJson } from "./catalogue";
import { dayText, type Day } from "./days";
import { element } from "./dom";
import { eventKey } from "./event_choice";
import { eventsContent, labelOf, type TellingOfEvents, type ToldEvent } from "./event_popup";
import { leavesOn, type EventWindow } from "./event_window";
import type { ListedEvent } from "./events";
import { dayNumber, holdsOn } from "./periods";
import { textOf, worded, type Note } from "./notes";
import type { Pair } from "./comparison_layers";
import { statusName } from "./comparison_list";
import { LngLat, Popup } from "./maplibre";
import { readTexts } from "./eventtexts";
import { kilometres, pick } from "./texts";

const REACH = 8; // pixels around the click: fingers are not exact
const TEXT_REACH = 24; // pixels around it in which texts are asked for: a mark is touched at its edge

/** What a click is answered from. */
export interface ClickContext extends TellingOfEvents {
  theatre: string;
  tiles: TileJson;
  day: Day;
  window: EventWindow;
  notes: Note[];
  comparison: { pair: Pair; layers: string[] } | null;
  layersOf: (role: Role) => string[];
}

/** The features there that are drawn on the shown day; a period's tiles have those of other days too. */
function query(
  map: MapLibre,
  where: PointLike | [PointLike, PointLike],
  { layersOf, tiles, day, window }: ClickContext,
  ...roles: Role[]
): MapGeoJSONFeature[] {
  const number = dayNumber(day);
  const events = new Set(tiles.drawn.filter(({ role }) => role === "events").map(({ name }) => name));
  return map
    .queryRenderedFeatures(where, { layers: roles.flatMap(layersOf) })
    .filter(({ sourceLayer, properties: { from, to } }) => {
      if (typeof from !== "number" || typeof to !== "number") return true;
      return holdsOn({ from, to: events.has(sourceLayer ?? "") ? leavesOn(to, window) : to }, number);
    });
}

/** The drawn layer that a feature is of. */
const layerOf = ({ sourceLayer }: MapGeoJSONFeature, { tiles }: ClickContext): DrawnLayer | undefined =>
  tiles.drawn.find(({ name }) => name === sourceLayer);

function distinct(features: MapGeoJSONFeature[]): MapGeoJSONFeature[] {
  const seen = new Map<string, MapGeoJSONFeature>();
  for (const feature of features)
    seen.set(`${feature.sourceLayer} ${feature.id ?? JSON.stringify(feature.properties)}`, feature);
  return [...seen.values()];
}

/** Who holds a place, and the overlays there. */
function controlContent(
  area: MapGeoJSONFeature | undefined,
  over: DrawnLayer[],
  context: ClickContext,
): HTMLElement {
  const { language, say, day } = context;
  return element("div", "popup-body", [
    ...(area
      ? [
          element("p", "event-kind", [say("controlOf", { day: dayText(day, language, "short") })]),
          element("p", "event-text", [labelOf(layerOf(area, context), area.properties, language)]),
        ]
      : []),
    ...over.map(({ title }) => element("p", "event-text", [pick(title, language)])),
  ]);
}

function comparisonContent(
  { properties: { was, is, km2 } }: MapGeoJSONFeature,
  { from, to }: Pair,
  { tiles, language, say }: ClickContext,
): HTMLElement {
  const name = (code: unknown): string => statusName(textOf(code), tiles.legend.areas ?? [], language, say);
  return element("div", "popup-body", [
    element("p", "event-kind", [
      say("changedHands", { from: dayText(from, language, "short"), to: dayText(to, language, "short") }),
    ]),
    element("p", "event-text", [`${name(was)} → ${name(is)}`]),
    element("p", "event-text", [kilometres(Number(km2), language)]),
  ]);
}

function noteContent({ id, properties }: MapGeoJSONFeature, { language, notes }: ClickContext): HTMLElement {
  const note = notes.find((one) => one.id === id)?.properties ?? properties;
  return element("div", "popup-body", [
    element("p", "popup-count", [worded(note, "direction", language)]),
    element("p", "event-text", [worded(note, "text", language)]),
  ]);
}

/** What a popup shows, and the events among it. */
export interface Content {
  now: HTMLElement;
  events?: ToldEvent[];
  later?: Promise<HTMLElement>;
}

/** The events under a place on the screen, the newest first. */
export function eventsAt(map: MapLibre, { x, y }: Point, context: ClickContext): ToldEvent[] {
  const found = query(
    map,
    [
      [x - REACH, y - REACH],
      [x + REACH, y + REACH],
    ],
    context,
    "events",
  );
  const from = ({ properties }: MapGeoJSONFeature): number => Number(properties["from"] ?? 0);
  return distinct(found)
    .sort((one, other) => from(other) - from(one))
    .map(({ sourceLayer = "", id, properties }) => ({ layer: sourceLayer, id, properties }));
}

/** The content for what stands on top at a place: events, else a note, else what changed hands, else who controls it;
 *  null for nothing. `later` is the same with the texts of events, where the tiles of a period have none. */
export function contentAt(
  map: MapLibre,
  { point, lngLat }: Pick<MapMouseEvent, "point" | "lngLat">,
  context: ClickContext,
): Content | null {
  const events = eventsAt(map, point, context);
  if (events.length) {
    const bare = events.some(({ properties }) => !("text" in properties || "count" in properties));
    const now = eventsContent(events, context, new Map());
    if (!bare) return { now, events };
    const reach = (TEXT_REACH * 360) / (512 * 2 ** map.getZoom());
    const later = readTexts({ ...context, at: lngLat, reach });
    return { now, events, later: later.then((texts) => eventsContent(events, context, texts)) };
  }
  const note = query(map, point, context, "notes")[0];
  if (note) return { now: noteContent(note, context) };
  const compared =
    context.comparison &&
    map.queryRenderedFeatures(point, {
      layers: context.comparison.layers.filter((id) => id.endsWith("-fill")),
    })[0];
  if (context.comparison && compared)
    return { now: comparisonContent(compared, context.comparison.pair, context) };
  const area = query(map, point, context, "areas")[0];
  const under = new Set(query(map, point, context, "overlay").map(({ sourceLayer }) => sourceLayer));
  const over = context.tiles.drawn.filter(({ name }) => under.has(name));
  return area || over.length ? { now: controlContent(area, over, context) } : null;
}

/** The popup that is open, if there is one. */
export interface Popups {
  close: () => void;
  /** The key of the event that is told first; "" for none. */
  readonly shown: string;
  /** Tell of one event at its place; where it is closed by key, the focus returns to where it was. */
  tell: (event: ListedEvent) => void;
}

/** How clicks are answered; `context` is asked at every click, because the day may have changed. */
export interface PopupOptions {
  context: () => ClickContext | null;
  /** A popup opens with this event first, see `eventKey`; "" where one without events opens, or it is closed. */
  onTurn?: (key: string) => void;
  /** The reader points at these events on the map. */
  onPoint?: (keys: string[]) => void;
}

const keysOf = (events: ToldEvent[]): string[] =>
  events.flatMap(({ layer, id }) => (id === undefined ? [] : [eventKey(layer, id)]));

/** Answer clicks with popups. */
export function answerClicks(map: MapLibre, options: PopupOptions): Popups {
  const { context: contextNow, onTurn = () => undefined, onPoint = () => undefined } = options;
  let popup: Popup | null = null;
  let cameFrom: Element | null = null;
  let shown = "";
  const turn = (key: string): void => {
    if (key !== shown) onTurn((shown = key));
  };
  const show = (lngLat: LngLat, { now, events = [], later }: Content): void => {
    const before = popup;
    const opened = (popup = new Popup({ maxWidth: "min(320px, calc(100vw - 40px))", closeButton: true }));
    before?.remove();
    opened.setLngLat(lngLat).setDOMContent(now).addTo(map);
    opened.on("close", () => popup === opened && turn(""));
    turn(keysOf(events)[0] ?? "");
    later?.then(
      (whole) => {
        if (opened.isOpen()) opened.setDOMContent(whole);
      },
      () => undefined,
    ); // without texts it still says what and when
  };
  const answer = (lngLat: LngLat, point: Point): void => {
    const context = contextNow();
    const content = context && contentAt(map, { lngLat, point }, context);
    cameFrom = map.getCanvas();
    if (content) show(lngLat, content);
    else popup?.remove();
  };
  const tell = ({ layer, id, from, lon, lat, properties }: ListedEvent): void => {
    const context = contextNow();
    if (!context) return;
    const event = { layer, id, properties: { from, ...properties } };
    cameFrom = document.activeElement;
    show(new LngLat(lon, lat), { now: eventsContent([event], context, new Map()), events: [event] });
  };
  map.on("click", ({ lngLat, point }) => answer(lngLat, point));
  map.on("mousemove", ({ point }) => {
    const context = contextNow();
    const events = context ? eventsAt(map, point, context) : [];
    const over = events.length > 0 || (context !== null && query(map, point, context, "notes").length > 0);
    map.getCanvas().classList.toggle("over-event", over);
    onPoint(keysOf(events));
  });
  // By keyboard: what lies in the middle of the map, which the focused map marks; Escape leads back to it.
  map.getCanvas().addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // else it presses the popup's own button, which has the focus next
    answer(map.getCenter(), map.project(map.getCenter()));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !popup?.isOpen()) return;
    const within = popup.getElement().contains(document.activeElement);
    popup.remove();
    if (!within) return;
    event.preventDefault(); // it closes nothing else
    const back = cameFrom instanceof HTMLElement && cameFrom.isConnected ? cameFrom : map.getCanvas();
    back.focus();
  });
  return {
    close: () => popup?.remove(),
    tell,
    get shown() {
      return shown;
    },
  };
}
