// What an event carries as evidence: how exactly its place is known, its sources, a warning before links that lead to
// what is graphic, and fields with codes of their own. Text is only ever set as text, and nothing is previewed.

import type { DrawnLayer, Evidence } from "./catalogue";
import { element, safeUrl } from "./dom";
import { textOf } from "./notes";
import { pick, type Say } from "./texts";

/** A source as a tile spells it; one without an address has a publisher. */
interface CitedSource {
  publisher: string;
  url?: string;
}

type Properties = Record<string, unknown>;

/** The labels of the fields with codes, beside the category; a code without a label is said as it is. */
export const codedLabels = (
  layer: DrawnLayer | undefined,
  properties: Properties,
  language: string,
): string[] =>
  Object.entries(layer?.vocabularies ?? {}).flatMap(([field, terms]) => {
    const code = textOf(properties[field]);
    const term = terms.find((one) => one.code === code);
    return code ? [term ? pick(term.label, language) : code.replaceAll("_", " ")] : [];
  });

/** How exactly the place is known, in words; nothing where the layer does not say. */
function exactnessOf(
  evidence: Evidence | undefined,
  properties: Properties,
  language: string,
): HTMLElement[] {
  const code = textOf(properties[evidence?.exactness ?? ""]);
  const found = evidence?.classes.find((one) => one.code === code);
  if (!found) return [];
  return [
    element("p", `event-exactness${found.metres > 0 ? " inexact" : ""}`, [pick(found.label, language)]),
  ];
}

/** The sources in a text of a tile, and the one of `url`, which is said once; none in a text that is no list. */
export function sourcesOf(evidence: Evidence | undefined, properties: Properties): CitedSource[] {
  const found: CitedSource[] = [];
  for (const given of [...listed(textOf(properties[evidence?.sources ?? ""])), { url: properties["url"] }]) {
    const { publisher, url } = given as { publisher?: unknown; url?: unknown };
    const link = safeUrl(url);
    const name = textOf(publisher) || (link ? new URL(link).hostname.replace(/^www\./, "") : "");
    if (name && !(link && found.some((one) => one.url === link)))
      found.push(link ? { publisher: name, url: link } : { publisher: name });
  }
  return found;
}

function listed(text: string): object[] {
  try {
    const found = JSON.parse(text || "[]") as unknown;
    const several: unknown[] = Array.isArray(found) ? found : [];
    return several.filter((one): one is object => typeof one === "object" && one !== null);
  } catch {
    return [];
  }
}

function sourceLine({ publisher, url }: CitedSource, say: Say): HTMLElement {
  const words = `${say("source")}: ${publisher}`;
  return url
    ? element("a", "event-source", [words], { href: url, rel: "noopener noreferrer", target: "_blank" })
    : element("p", "event-source", [words]);
}

/** What stands below the text of an event. Links to what is graphic are not there until they are asked for. */
export function evidenceContent(
  layer: DrawnLayer | undefined,
  properties: Properties,
  language: string,
  say: Say,
): HTMLElement[] {
  const evidence = layer?.evidence;
  const lines = sourcesOf(evidence, properties).map((one) => sourceLine(one, say));
  const warns = evidence !== undefined && properties[evidence.graphic] === true;
  return [...exactnessOf(evidence, properties, language), ...(warns ? [warning(lines, say)] : lines)];
}

function warning(lines: HTMLElement[], say: Say): HTMLElement {
  const box = element("div", "event-graphic", [element("p", "event-warning", [say("graphic")])]);
  if (lines.length === 0) return box;
  const shown = element("button", "event-show", [say("graphicShow")], { type: "button" });
  shown.addEventListener("click", () => {
    shown.replaceWith(...lines);
    lines.find((line) => "href" in line)?.focus();
  });
  box.append(shown);
  return box;
}
