// The page in a document without a browser. It lays nothing out, draws nothing, and has no events of its own.

import { readFileSync } from "node:fs";
import { parseHTML } from "linkedom";

/** Make a fresh reader's page the global document. */
export function openPage(): Document {
  const html = readFileSync("page.html", "utf8").replaceAll(/\{\{\w+\}\}/g, "");
  const { document, window } = parseHTML(html);
  Object.assign(globalThis, { document, window });
  // Of a select element it can only be read there.
  Object.defineProperty(document.getElementById("theatre"), "value", { value: "", writable: true });
  return document;
}

/** The text of an element, as one line. */
export const textIn = (id: string): string =>
  (document.getElementById(id)?.textContent ?? "").replaceAll(/\s+/g, " ").trim();

/** The texts of the elements that match. */
export const textsOf = (selector: string, within: ParentNode = document): string[] =>
  [...within.querySelectorAll(selector)].map((each) => each.textContent ?? "");
