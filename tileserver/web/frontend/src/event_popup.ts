// What a popup says of events: kind, date, text, evidence and a link to each; several at one place on pages. Text is only
// ever set as text.

import type { DrawnLayer, TileJson } from "./catalogue";
import { dayText, isDay, type Day } from "./days";
import { element } from "./dom";
import { codedLabels, evidenceContent } from "./evidence";
import { dayOf } from "./periods";
import { textOf, worded } from "./notes";
import { textKey, type Texts } from "./eventtexts";
import { pick, type Say } from "./texts";

const PAGE = 3; // events told at once

/** An event as a tile or a list has it. */
export interface ToldEvent {
  layer: string;
  id: number | string | undefined;
  properties: Record<string, unknown>;
}

/** In whose words events are told, and where the link to one leads; "" for none. */
export interface TellingOfEvents {
  tiles: Pick<TileJson, "drawn">;
  language: string;
  say: Say;
  linkTo?: (event: ToldEvent) => string;
}

/** The label of a feature's category. */
export function labelOf(
  layer: DrawnLayer | undefined,
  properties: Record<string, unknown>,
  language: string,
): string {
  const code = textOf(properties[layer?.category ?? ""]);
  const category = layer?.legend.find((one) => one.code === code);
  return category ? pick(category.label, language) : code.replaceAll("_", " ");
}

/** The heading of an event: its category, its kind, and its other codes. */
export function headingOf(
  layer: DrawnLayer | undefined,
  properties: Record<string, unknown>,
  language: string,
): string {
  const labelled = layer?.category === "kind" || layer?.vocabularies?.["kind"];
  const kind = labelled ? "" : textOf(properties["kind"]).replaceAll("_", " ");
  const words = [labelOf(layer, properties, language), kind];
  return [...words, ...codedLabels(layer, properties, language)].filter(Boolean).join(" · ");
}

/** The day of an event: as its publisher says it, else the first of its days in a tile; "" where nobody says. */
function dateOf({ date, from }: Record<string, unknown>): Day | "" {
  const said = typeof date === "string" ? date.slice(0, 10) : "";
  if (isDay(said)) return said;
  return typeof from === "number" ? dayOf(from) : typeof from === "string" && isDay(from) ? from : "";
}

function eventItem(event: ToldEvent, telling: TellingOfEvents, texts: Texts): HTMLElement {
  const { language, say, linkTo } = telling;
  const properties = { ...event.properties, ...texts.get(textKey(event.layer, event.id)) };
  if (typeof properties["count"] === "number")
    return element("li", "event", [
      element("p", "event-text", [say("eventsHere", { count: properties["count"] })]),
    ]);
  const layer = telling.tiles.drawn.find(({ name }) => name === event.layer);
  const date = dateOf(properties);
  const name = worded(properties, "name", language);
  const href = linkTo?.(event) ?? "";
  return element("li", "event", [
    element("p", "event-kind", [
      headingOf(layer, properties, language),
      date ? element("time", "", [dayText(date, language, "short")], { datetime: date }) : "",
    ]),
    ...(name ? [element("p", "event-name", [name])] : []),
    element("p", "event-text", [worded(properties, "text", language)]),
    ...evidenceContent(layer, properties, language, say),
    ...(href ? [element("a", "event-link", [say("eventLink")], { href })] : []),
  ]);
}

/** Events at one place, a few to a page. */
export function eventsContent(found: ToldEvent[], telling: TellingOfEvents, texts: Texts): HTMLElement {
  const { say } = telling;
  const list = element("ul", "event-list");
  const box = element("div", "popup-body", [list]);
  const show = (first: number): void =>
    list.replaceChildren(
      ...found.slice(first, first + PAGE).map((event) => eventItem(event, telling, texts)),
    );
  show(0);
  if (found.length > 1)
    list.before(element("p", "popup-count", [say("eventsHere", { count: found.length })]));
  if (found.length > PAGE) box.append(pages(found.length, say, show));
  return box;
}

/** Buttons for the pages before and after, and which of how many are shown. */
function pages(count: number, say: Say, show: (first: number) => void): HTMLElement {
  let first = 0;
  const said = element("span", "", [], { "aria-live": "polite" });
  const button = (text: string, label: string, by: number): HTMLButtonElement => {
    const made = element("button", "", [text], { type: "button", "aria-label": label });
    made.addEventListener("click", () => turn(first + by));
    return made;
  };
  const back = button("‹", say("earlierPage"), -PAGE),
    on = button("›", say("laterPage"), PAGE);
  const turn = (to: number): void => {
    first = Math.max(0, Math.min(to, count - 1));
    show(first);
    said.textContent = `${first + 1}–${Math.min(first + PAGE, count)} / ${count}`;
    back.disabled = first === 0;
    on.disabled = first + PAGE >= count;
  };
  turn(0);
  return element("p", "popup-pages", [back, said, on]);
}
