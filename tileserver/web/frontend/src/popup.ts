// What lies under a click: the events there, else who holds the place. Text is only ever set as text.

import { Popup, type Map as MapLibre, type MapGeoJSONFeature, type MapMouseEvent } from "maplibre-gl";
import type { TileJson } from "./catalogue";
import { dayText, isDay, type Day } from "./days";
import { element, safeUrl } from "./dom";
import { worded } from "./notes";
import { pick, type Say } from "./texts";

const REACH = 8; // pixels around the click: fingers are not exact
const MOST = 12;

interface Context {
  tiles: TileJson; language: string; say: Say; day: Day; layersOf(kind: string): string[];
}

function labelOf({ tiles, language }: Context, layer: string, properties: Record<string, unknown>): string {
  const code = String(properties[tiles.category[layer] ?? ""] ?? "");
  const category = tiles.legend[layer]?.find((one) => one.code === code);
  return category ? pick(category.label, language) : code.replaceAll("_", " ");
}

function eventItem(feature: MapGeoJSONFeature, context: Context): HTMLElement {
  const { properties } = feature;
  const date = typeof properties["date"] === "string" ? properties["date"].slice(0, 10) : "";
  const kind = context.tiles.category["events"] === "kind" ? "" : String(properties["kind"] ?? "").replaceAll("_", " ");
  const heading = [labelOf(context, "events", properties), kind].filter(Boolean).join(" · ");
  const item = element("li", "event", [
    element("p", "event-kind", [heading, isDay(date) ? element("time", "", [dayText(date, context.language, "short")], { datetime: date }) : ""]),
    element("p", "event-text", [worded(properties, "text", context.language)]),
  ]);
  const url = safeUrl(properties["url"]);
  if (url) item.append(element("a", "event-source", [`${context.say("source")}: ${new URL(url).hostname.replace(/^www\./, "")}`], { href: url, rel: "noopener noreferrer", target: "_blank" }));
  return item;
}

function distinct(features: MapGeoJSONFeature[]): MapGeoJSONFeature[] {
  const seen = new Map<unknown, MapGeoJSONFeature>();
  for (const feature of features) seen.set(feature.id ?? JSON.stringify(feature.properties), feature);
  return [...seen.values()];
}

function eventsContent(found: MapGeoJSONFeature[], context: Context): HTMLElement {
  const box = element("div", "popup-body");
  if (found.length > 1) box.append(element("p", "popup-count", [context.say("eventsHere", { count: found.length })]));
  box.append(element("ul", "event-list", found.slice(0, MOST).map((feature) => eventItem(feature, context))));
  return box;
}

function controlContent(feature: MapGeoJSONFeature, context: Context): HTMLElement {
  return element("div", "popup-body", [
    element("p", "event-kind", [context.say("controlOf", { day: dayText(context.day, context.language, "short") })]),
    element("p", "event-text", [labelOf(context, "control", feature.properties)]),
  ]);
}

function noteContent({ properties }: MapGeoJSONFeature, { language }: Context): HTMLElement {
  return element("div", "popup-body", [
    element("p", "popup-count", [worded(properties, "direction", language)]), element("p", "event-text", [worded(properties, "text", language)]),
  ]);
}

/** What stands on top at the clicked place: events, else a note, else who controls it. */
function contentAt(map: MapLibre, event: MapMouseEvent, context: Context): HTMLElement | null {
  const around: [[number, number], [number, number]] = [[event.point.x - REACH, event.point.y - REACH], [event.point.x + REACH, event.point.y + REACH]];
  const events = distinct(map.queryRenderedFeatures(around, { layers: context.layersOf("events") }));
  if (events.length) return eventsContent(events, context);
  const note = map.queryRenderedFeatures(event.point, { layers: context.layersOf("notes") })[0];
  if (note) return noteContent(note, context);
  const area = map.queryRenderedFeatures(event.point, { layers: context.layersOf("control") })[0];
  return area ? controlContent(area, context) : null;
}

/** Answer clicks with popups; `contextNow` is asked at every click, because the day may have changed. */
export function answerClicks(map: MapLibre, contextNow: () => Context | null): { close(): void } {
  let popup: Popup | null = null;
  map.on("click", (event) => {
    const context = contextNow();
    const content = context && contentAt(map, event, context);
    popup?.remove();
    if (!content) return;
    popup = new Popup({ maxWidth: "min(320px, calc(100vw - 40px))", closeButton: true });
    popup.setLngLat(event.lngLat).setDOMContent(content).addTo(map);
  });
  map.on("mousemove", ({ point }) => {
    const context = contextNow();
    const layers = context ? [...context.layersOf("events"), ...context.layersOf("notes")] : [];
    map.getCanvas().classList.toggle("over-event", layers.length > 0 && map.queryRenderedFeatures(point, { layers }).length > 0);
  });
  return { close: () => popup?.remove() };
}
