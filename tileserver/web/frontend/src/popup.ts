// Popups, which tell what lies under a click: events, a note, land that changed hands, else who holds the place. Text
// is only ever set as text.

import type {
  LngLat,
  Map as MapLibre,
  MapGeoJSONFeature,
  MapMouseEvent,
  Point,
  PointLike,
} from "maplibre-gl";
import type { DrawnLayer, Role, TileJson } from "./catalogue";
import { dayText, isDay, type Day } from "./days";
import { element } from "./dom";
import { codedLabels, evidenceContent } from "./evidence";
import { dayNumber, holdsOn } from "./periods";
import { textOf, worded, type Note } from "./notes";
import type { Pair } from "./comparison_layers";
import { statusName } from "./comparison_list";
import { Popup } from "./maplibre";
import { readTexts, textKey, type Texts } from "./eventtexts";
import { kilometres, pick, type Say } from "./texts";

const REACH = 8; // pixels around the click: fingers are not exact
const MOST = 12;

/** What a click is answered from. */
export interface ClickContext {
  tiles: TileJson;
  language: string;
  say: Say;
  day: Day;
  notes: Note[];
  comparison: { pair: Pair; layers: string[] } | null;
  layersOf: (role: Role) => string[];
}

/** The features of a layer there that hold on the shown day; a period's tiles have those of other days too. */
function query(
  map: MapLibre,
  where: PointLike | [PointLike, PointLike],
  { layersOf, day }: ClickContext,
  ...roles: Role[]
): MapGeoJSONFeature[] {
  const number = dayNumber(day);
  return map
    .queryRenderedFeatures(where, { layers: roles.flatMap(layersOf) })
    .filter(
      ({ properties: { from, to } }) =>
        typeof from !== "number" || typeof to !== "number" || holdsOn({ from, to }, number),
    );
}

/** The drawn layer that a feature is of. */
const layerOf = ({ sourceLayer }: MapGeoJSONFeature, { tiles }: ClickContext): DrawnLayer | undefined =>
  tiles.drawn.find(({ name }) => name === sourceLayer);

function labelOf(
  layer: DrawnLayer | undefined,
  properties: Record<string, unknown>,
  language: string,
): string {
  const code = textOf(properties[layer?.category ?? ""]);
  const category = layer?.legend.find((one) => one.code === code);
  return category ? pick(category.label, language) : code.replaceAll("_", " ");
}

function eventItem(feature: MapGeoJSONFeature, context: ClickContext, texts: Texts): HTMLElement {
  const properties: Record<string, unknown> = {
    ...feature.properties,
    ...texts.get(textKey(feature.sourceLayer ?? "", feature.id)),
  };
  const layer = layerOf(feature, context);
  if (typeof properties["count"] === "number")
    return element("li", "event", [
      element("p", "event-text", [context.say("eventsHere", { count: properties["count"] })]),
    ]);
  const date = typeof properties["date"] === "string" ? properties["date"].slice(0, 10) : "";
  const labelled = layer?.category === "kind" || layer?.vocabularies?.["kind"];
  const kind = labelled ? "" : textOf(properties["kind"]).replaceAll("_", " ");
  const words = [labelOf(layer, properties, context.language), kind];
  const heading = [...words, ...codedLabels(layer, properties, context.language)].filter(Boolean).join(" · ");
  const name = worded(properties, "name", context.language);
  return element("li", "event", [
    element("p", "event-kind", [
      heading,
      isDay(date) ? element("time", "", [dayText(date, context.language, "short")], { datetime: date }) : "",
    ]),
    ...(name ? [element("p", "event-name", [name])] : []),
    element("p", "event-text", [worded(properties, "text", context.language)]),
    ...evidenceContent(layer, properties, context.language, context.say),
  ]);
}

function distinct(features: MapGeoJSONFeature[]): MapGeoJSONFeature[] {
  const seen = new Map<string, MapGeoJSONFeature>();
  for (const feature of features)
    seen.set(`${feature.sourceLayer} ${feature.id ?? JSON.stringify(feature.properties)}`, feature);
  return [...seen.values()];
}

function eventsContent(found: MapGeoJSONFeature[], context: ClickContext, texts: Texts): HTMLElement {
  const box = element("div", "popup-body");
  if (found.length > 1)
    box.append(element("p", "popup-count", [context.say("eventsHere", { count: found.length })]));
  box.append(
    element(
      "ul",
      "event-list",
      found.slice(0, MOST).map((feature) => eventItem(feature, context, texts)),
    ),
  );
  return box;
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

/** The content for what stands on top at a place: events, else a note, else what changed hands, else who controls it;
 *  null for nothing. `later` is the same with the texts of events, where the tiles of a period have none. */
export function contentAt(
  map: MapLibre,
  { point, lngLat }: Pick<MapMouseEvent, "point" | "lngLat">,
  context: ClickContext,
): { now: HTMLElement; later?: Promise<HTMLElement> } | null {
  const events = distinct(
    query(
      map,
      [
        [point.x - REACH, point.y - REACH],
        [point.x + REACH, point.y + REACH],
      ],
      context,
      "events",
    ),
  );
  if (events.length) {
    const bare = events.some(({ properties }) => !("text" in properties || "count" in properties));
    const now = eventsContent(events, context, new Map());
    return bare
      ? {
          now,
          later: readTexts(context.tiles, lngLat, map.getZoom(), context.day).then((texts) =>
            eventsContent(events, context, texts),
          ),
        }
      : { now };
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
}

/** Answer clicks with popups; `contextNow` is asked at every click, because the day may have changed. */
export function answerClicks(map: MapLibre, contextNow: () => ClickContext | null): Popups {
  let popup: Popup | null = null;
  const answer = (lngLat: LngLat, point: Point): void => {
    const context = contextNow();
    const content = context && contentAt(map, { lngLat, point }, context);
    popup?.remove();
    if (!content) return;
    const opened = (popup = new Popup({ maxWidth: "min(320px, calc(100vw - 40px))", closeButton: true }));
    opened.setLngLat(lngLat).setDOMContent(content.now).addTo(map);
    content.later?.then(
      (whole) => {
        if (opened.isOpen()) opened.setDOMContent(whole);
      },
      () => undefined,
    ); // without texts it still says what and when
  };
  map.on("click", ({ lngLat, point }) => answer(lngLat, point));
  map.on("mousemove", ({ point }) => {
    const context = contextNow();
    map
      .getCanvas()
      .classList.toggle(
        "over-event",
        context !== null && query(map, point, context, "events", "notes").length > 0,
      );
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
    if (within) map.getCanvas().focus();
  });
  return { close: () => popup?.remove() };
}
