// An answer as it can be looked at: headers that matter, texts, pictures, and of a tile its layers.

import { VectorTile } from "@mapbox/vector-tile";
import { PbfReader } from "pbf";
import { element } from "../dom";

const SHOWN = 20_000; // characters of a body
/** The media type of a vector tile. */
export const TILE = "application/vnd.mapbox-vector-tile";
const TYPES = ["", "points", "lines", "polygons"];
// What says whether, for how long and as what an answer may be kept, and who asked too much.
const HEADERS = [
  "content-type",
  "content-location",
  "content-encoding",
  "etag",
  "ogcapi-datetime",
  "cache-control",
  "cache-status",
  "ratelimit",
  "ratelimit-policy",
  "retry-after",
  "missing-layers",
  "www-authenticate",
  "x-request-id",
];

/** A layer of a tile: its name, the number and kinds of its features, names of their properties. */
export interface LayerCount {
  name: string;
  features: number;
  kinds: string;
  properties: string;
}

/** The layers of a tile. */
export function layersOf(bytes: ArrayBuffer): LayerCount[] {
  const { layers } = new VectorTile(new PbfReader(new Uint8Array(bytes)));
  return Object.values(layers).map((layer) => {
    const [kinds, properties] = [new Set<string>(), new Set<string>()];
    for (let i = 0; i < layer.length; i++) {
      const feature = layer.feature(i);
      kinds.add(TYPES[feature.type] ?? "");
      for (const name of Object.keys(feature.properties)) properties.add(name);
    }
    return {
      name: layer.name,
      features: layer.length,
      kinds: [...kinds].join(", "),
      properties: [...properties].join(", "),
    };
  });
}

/** An answer: a line on it, which is read out, and its parts as elements. */
export interface Shown {
  line: string;
  parts: HTMLElement[];
}

/** The answer as it is shown; `title` names what was asked. */
export async function shownAnswer(answer: Response, ms: number, title: string): Promise<Shown> {
  const bytes = await answer.arrayBuffer();
  const reason = answer.statusText ? ` ${answer.statusText}` : "";
  const line = `${answer.status}${reason}, ${ms} ms, ${bytes.byteLength.toLocaleString("en")} bytes`;
  const listed = HEADERS.flatMap((name) => {
    const value = answer.headers.get(name);
    return value ? [element("dt", "", [name]), element("dd", "", [element("code", "", [value])])] : [];
  });
  const body = bytes.byteLength > 0 ? [bodyOf(bytes, answer.headers.get("content-type") ?? "", title)] : [];
  return { line, parts: [element("dl", "", listed), ...body] };
}

function bodyOf(bytes: ArrayBuffer, type: string, title: string): HTMLElement {
  if (type.startsWith(TILE)) return tableOf(layersOf(bytes), title);
  if (type.startsWith("image/")) {
    const source = URL.createObjectURL(new Blob([bytes], { type }));
    const picture = element("img", "", [], { src: source, alt: `The answer of ${title}` });
    picture.addEventListener("load", () => URL.revokeObjectURL(source));
    return picture;
  }
  if (!/^text\/|json|xml/.test(type))
    return element("p", "", [`Not shown: ${type || "of no declared type"}.`]);
  const text = written(new TextDecoder().decode(bytes), type);
  const cut =
    text.length > SHOWN ? `${text.slice(0, SHOWN)}\n… ${text.length - SHOWN} characters more` : text;
  return element("pre", "", [element("code", "", [cut])], region(`Answer of ${title}`));
}

function written(text: string, type: string): string {
  if (!type.includes("json")) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 1);
  } catch {
    return text;
  }
}

function tableOf(layers: LayerCount[], title: string): HTMLElement {
  const head = ["Layer", "Features", "Kinds", "Properties"];
  const rows = layers.map(({ name, features, kinds, properties }) =>
    element(
      "tr",
      "",
      [name, features.toLocaleString("en"), kinds, properties].map((each) => element("td", "", [each])),
    ),
  );
  const table = element("table", "", [
    element("caption", "", ["Layers of the tile"]),
    element("thead", "", [
      element(
        "tr",
        "",
        head.map((each) => element("th", "", [each], { scope: "col" })),
      ),
    ]),
    element("tbody", "", rows),
  ]);
  return element("div", "wide", [table], region(`Layers of ${title}`));
}

const region = (label: string): Record<string, string> => ({
  tabindex: "0",
  role: "region",
  "aria-label": label,
});
