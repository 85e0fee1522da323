// The head of the list of events: the window, the order, the part of the map, and what is left out.

import type { DrawnLayer } from "./catalogue";
import { spanText } from "./days";
import { element } from "./dom";
import { termOf, type EventChoice } from "./event_choice";
import { WINDOWS, type EventWindow } from "./event_window";
import { pick, type Say, type Text } from "./texts";

/** How the list is ordered, and whether it has only what the map looks at. */
export interface Ordering {
  by: "time" | "place";
  inView: boolean;
}

/** What the head is made of, and who hears what the reader does with it. */
export interface HeadOptions {
  language: string;
  say: Say;
  layers: readonly DrawnLayer[];
  choice: EventChoice;
  ordering: Ordering;
  onChoice: (choice: EventChoice) => void;
  onOrdering: (ordering: Ordering) => void;
}

/** A field of events with its codes, by which some can be left out. */
export interface FilterField {
  field: string;
  codes: { code: string; label: Text }[];
}

/** The fields of a layer that have declared codes: its category, its vocabularies, and the class of exactness. */
export function fieldsOf({ category, legend, vocabularies, evidence }: DrawnLayer): FilterField[] {
  const fields: FilterField[] = [];
  if (category && legend.length > 1) fields.push({ field: category, codes: legend });
  for (const [field, codes] of Object.entries(vocabularies ?? {}))
    if (codes.length > 1) fields.push({ field, codes });
  if (evidence?.exactness && evidence.classes.length > 1)
    fields.push({ field: evidence.exactness, codes: evidence.classes });
  return fields;
}

/** The head; it is made anew where the choice is another. */
export function eventHead(options: HeadOptions): HTMLElement[] {
  const { say, choice, ordering, onChoice, onOrdering } = options;
  const windows = radios(
    say("eventWindow"),
    "window",
    WINDOWS.map((window) => ({ value: window, label: windowLabel(window, options) })),
    choice.window,
    (window) => onChoice({ ...choice, window }),
  );
  const orders = radios(
    say("order"),
    "order",
    [
      { value: "time" as const, label: say("orderTime") },
      { value: "place" as const, label: say("orderPlace") },
    ],
    ordering.by,
    (by) => onOrdering({ ...ordering, by }),
  );
  const inView = element("input", "", [], { type: "checkbox", name: "in-view" });
  inView.checked = ordering.inView;
  inView.addEventListener("change", () => onOrdering({ ...ordering, inView: inView.checked }));
  return [windows, filter(options), orders, element("label", "in-view", [inView, say("inView")])];
}

const windowLabel = (window: EventWindow, { language, say }: HeadOptions): string =>
  window === Infinity ? say("eventsAll") : spanText(window, language);

function radios<T extends string | number>(
  legend: string,
  name: string,
  choices: { value: T; label: string }[],
  chosen: T,
  onChoice: (value: T) => void,
): HTMLElement {
  const row = ({ value, label }: { value: T; label: string }): HTMLElement => {
    const input = element("input", "", [], { type: "radio", name: `event-${name}`, value: String(value) });
    input.checked = value === chosen;
    input.addEventListener("change", () => onChoice(value));
    return element("label", "", [input, element("span", "", [label])]);
  };
  return element("fieldset", "segments", [element("legend", "", [legend]), ...choices.map(row)]);
}

function filter(options: HeadOptions): HTMLElement {
  const { say, layers, choice, language, onChoice } = options;
  const hidden = new Set(choice.hidden);
  const box = (layer: string, { field, codes }: FilterField): HTMLElement[] =>
    codes.map(({ code, label }) => {
      const term = termOf(layer, field, code);
      const input = element("input", "", [], { type: "checkbox", name: term });
      input.checked = !hidden.has(term);
      input.addEventListener("change", () => {
        if (input.checked) hidden.delete(term);
        else hidden.add(term);
        onChoice({ ...choice, hidden: new Set(hidden) });
      });
      return element("label", "", [input, pick(label, language) || code]);
    });
  const groups = layers.flatMap((layer) => {
    const title = pick(layer.title, language) || layer.name;
    return fieldsOf(layer).map((field) => {
      const words = field.field === layer.evidence?.exactness ? say("exactnessTitle") : title;
      return element("fieldset", "filter-group", [element("legend", "", [words]), ...box(layer.name, field)]);
    });
  });
  const title = hidden.size ? say("filterOn", { count: hidden.size }) : say("filter");
  const details = element("details", "event-filter", [element("summary", "", [title]), ...groups]);
  details.hidden = groups.length === 0;
  return details;
}
