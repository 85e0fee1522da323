// Copies of a partner's style layers over dated sources: in the partner's own paint, out of sight until they are whole,
// and, over tiles of a period, with each feature drawn on its own days alone. Nothing here knows of a map.

import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import type { DayNumber } from "../../src/periods";
import type { Dated } from "./document";

/** A style layer over a vector source. */
export type VectorLayer = Extract<LayerSpecification, { "source-layer"?: string }>;

/** The feature state that says whether a feature is drawn. */
export const STATE = "dated";

/** The copy of a layer; `seen` are the paint properties that put it in its place, `unseen` those that take it away. */
export interface Copy {
  layer: VectorLayer;
  seen: Record<string, unknown>;
  unseen: Record<string, unknown>;
}

// What takes a layer out of sight in one frame, whatever its features, while its tiles are loaded and cut. Circles and
// symbols have no opacity of a whole layer, but all of them can stand off the screen.
const FAR = [1e6, 0]; // px
const AWAY: Record<string, Record<string, unknown>> = {
  fill: { "fill-layer-opacity": 0 },
  line: { "line-layer-opacity": 0 },
  circle: { "circle-translate": FAR },
  symbol: { "icon-translate": FAR, "text-translate": FAR },
  "fill-extrusion": { "fill-extrusion-translate": FAR },
  heatmap: { "heatmap-opacity": 0 },
};
// What of a feature can be switched by its state.
const SWITCHED: Record<string, string[]> = {
  fill: ["fill-opacity"],
  line: ["line-opacity"],
  circle: ["circle-opacity", "circle-stroke-opacity"],
  symbol: ["icon-opacity", "text-opacity"],
  heatmap: ["heatmap-weight"],
};
const PIECES = new Set(["areas", "overlay"]); // roles whose history comes in pieces, with edges that are nobody's

type Paint = Record<string, unknown>;
const paintOf = (layer: VectorLayer): Paint => layer.paint ?? {};
const layoutOf = (layer: VectorLayer): Paint => layer.layout ?? {};

/** The copy of a layer over a source. With a `baseDay` the source holds a period, and what no feature state switches is
 *  drawn as of that day; without, all of the source is drawn. */
export function copyOf(layer: VectorLayer, source: string, baseDay: DayNumber | null): Copy {
  const paint = { ...paintOf(layer), ...(baseDay === null ? {} : switched(layer, baseDay)) };
  const unseen = AWAY[layer.type] ?? {};
  const seen = Object.fromEntries(Object.keys(unseen).map((name) => [name, paint[name]]));
  for (const name of [...Object.keys(unseen), ...(SWITCHED[layer.type] ?? [])])
    if (name !== "heatmap-weight") paint[`${name}-transition`] = { duration: 0 }; // no two days at once
  return {
    layer: {
      ...layer,
      id: `${layer.id}~${source}`,
      source,
      paint: { ...paint, ...unseen },
    },
    seen,
    unseen,
  };
}

/** Whether a document's history draws a layer as its tiles of single days do. */
export function hasHistory(layer: VectorLayer, { time, vector_layers = [] }: Dated): boolean {
  const name = layer["source-layer"] ?? "";
  const role = vector_layers.find(({ id }) => id === name)?.role ?? "";
  const lacking = time.history?.without?.[name] ?? [];
  const said = JSON.stringify([paintOf(layer), layoutOf(layer), layer.filter]);
  return (
    switched(layer, 0) !== null &&
    !(PIECES.has(role) && (layer.type !== "fill" || "fill-outline-color" in paintOf(layer))) &&
    !(layer.type === "symbol" && !isAside(layer)) &&
    !lacking.some((field) => said.includes(JSON.stringify(field)))
  );
}

/** Whether no symbol of a layer makes room for another: unseen ones would take it from those that are seen. */
function isAside(layer: VectorLayer): boolean {
  const layout = layoutOf(layer);
  return (
    [
      ["icon-image", "icon"],
      ["text-field", "text"],
    ] as const
  ).every(
    ([has, kind]) =>
      !(has in layout) ||
      ((layout[`${kind}-allow-overlap`] === true || layout[`${kind}-overlap`] === "always") &&
        layout[`${kind}-ignore-placement`] === true),
  );
}

/** The opacities of a layer as its features are switched; null where that cannot be said. */
function switched(layer: VectorLayer, baseDay: DayNumber): Paint | null {
  const paint = paintOf(layer);
  const properties = SWITCHED[layer.type];
  if (!properties) return null;
  const found: Paint = {};
  for (const property of properties) {
    const said = paint[property] ?? 1;
    const ofLayer = `${layer.type}-layer-opacity`;
    // One opacity for the whole layer where it can be: the seams between the pieces of history stay invisible.
    const whole = ["fill", "line"].includes(layer.type) && !(ofLayer in paint) && isOfLayer(said);
    if (whole && said !== 1) found[ofLayer] = said;
    const value = gated(whole ? 1 : said, isOn(baseDay));
    if (value === null) return null;
    found[property] = value;
  }
  return found;
}

const isOn = (baseDay: DayNumber): ExpressionSpecification => [
  "boolean",
  ["feature-state", STATE],
  ["all", ["<=", ["get", "from"], baseDay], [">", ["get", "to"], baseDay]],
];

/** A value where a feature is on, else 0. The zoom may only be asked for at the top of an expression (MapLibre's style
 *  specification), so there it is the outputs that are switched; null for what would need more than that. */
function gated(value: unknown, on: ExpressionSpecification): unknown {
  const gate = (output: unknown): unknown => ["case", on, output, 0];
  if (!JSON.stringify(value).includes('"zoom"')) return isExpression(value) ? gate(value) : null;
  const first = firstOutput(value);
  if (first === null) return null;
  const parts = value as unknown[];
  const outputs = parts.filter((_, i) => i >= first && (i - first) % 2 === 0);
  if (JSON.stringify(outputs).includes('"zoom"')) return null;
  return parts.map((part, i) => (i >= first && (i - first) % 2 === 0 ? gate(part) : part));
}

const isExpression = (value: unknown): boolean => typeof value === "number" || Array.isArray(value);

/** Where the outputs of a curve over the zoom begin, every second of which is one; null for anything else. */
function firstOutput(value: unknown): number | null {
  if (!Array.isArray(value)) return null;
  if (value[0] === "step") return JSON.stringify(value[1]) === '["zoom"]' ? 2 : null;
  return value[0] === "interpolate" && JSON.stringify(value[2]) === '["zoom"]' ? 4 : null;
}

/** Whether a value is the same for all features of a layer: a number, or a curve of numbers over the zoom. */
function isOfLayer(value: unknown): boolean {
  if (typeof value === "number") return true;
  const first = firstOutput(value);
  return first !== null && (value as unknown[]).slice(first).every((part) => typeof part === "number");
}
