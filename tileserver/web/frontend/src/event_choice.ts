// Which events a reader wants to see, as a link says it: the window, what is left out, the one whose popup is open.
//   days=30&hide=damage.kind.other.presence,damage.exactness.region&event=damage.4503599627370495

import type { ExpressionSpecification } from "maplibre-gl";
import { USUAL_WINDOW, windowOf, windowText, type EventWindow } from "./event_window";
import { textOf } from "./notes";

/** A reader's choice of events; `hidden` are terms, see `termOf`, `open` is the key of an event, "" for none. */
export interface EventChoice {
  window: EventWindow;
  hidden: ReadonlySet<string>;
  open: string;
}

/** What of an event can be left out: a code that a field of a layer has. */
export const termOf = (layer: string, field: string, code: string): string => `${layer}.${field}.${code}`;

/** The key of an event: its layer and its id in tiles. */
export const eventKey = (layer: string, id: number | string): string => `${layer}.${id}`;

const TERMS = /^[\w-]+\.[\w-]+(\.[\w-]+)+$/; // codes of a field of a layer, together
const KEY = /^[\w-]+\.\d+$/;

/** Read a choice by the parameters of a link; nonsense counts as not said. */
export function choiceOf(parameter: (name: string) => string | null): EventChoice {
  const open = parameter("event") ?? "";
  const terms = (parameter("hide") ?? "").split(",").filter((one) => TERMS.test(one));
  const hidden = terms.flatMap((one) => {
    const [layer = "", field = "", ...codes] = one.split(".");
    return codes.map((code) => termOf(layer, field, code));
  });
  return { window: windowOf(parameter("days")), hidden: new Set(hidden), open: KEY.test(open) ? open : "" };
}

/** The parameters of a link that say a choice, each with `&` before it; what is usual is not said. */
export function choiceText({ window, hidden, open }: EventChoice): string {
  const hide = hideText([...hidden]);
  return [
    window === USUAL_WINDOW ? "" : `&days=${windowText(window)}`,
    hide && `&hide=${hide}`,
    open && `&event=${open}`,
  ].join("");
}

/** Terms as a link and the server have them: the codes of a field together. */
export function hideText(hidden: readonly string[]): string {
  const byField = new Map<string, string[]>();
  for (const term of [...hidden].sort()) {
    const [layer, field, code = ""] = term.split(".");
    byField.set(`${layer}.${field}`, [...(byField.get(`${layer}.${field}`) ?? []), code]);
  }
  return [...byField].map(([field, codes]) => [field, ...codes].join(".")).join(",");
}

/** The hidden terms of one layer, as codes by field. */
export function hiddenIn(hidden: ReadonlySet<string>, layer: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const term of hidden) {
    const [name, field = "", code = ""] = term.split(".");
    if (name === layer) found.set(field, [...(found.get(field) ?? []), code]);
  }
  return found;
}

/** Whether an event of a layer is left out, by its properties. */
export const isHidden = (
  hidden: ReadonlySet<string>,
  layer: string,
  properties: Readonly<Record<string, unknown>>,
): boolean =>
  hidden.size > 0 &&
  Object.entries(properties).some(([field, code]) => hidden.has(termOf(layer, field, textOf(code))));

/** The same as a filter of a style layer, together with its own; undefined for none. */
export function filterOf(
  hidden: ReadonlySet<string>,
  layer: string,
  ...own: ExpressionSpecification[]
): ExpressionSpecification | undefined {
  const left = [...hiddenIn(hidden, layer)].map(([field, codes]): ExpressionSpecification => [
    "!",
    ["in", ["to-string", ["get", field]], ["literal", codes]],
  ]);
  const all = [...own, ...left];
  return all.length ? ["all", ...all] : undefined;
}
