// Building page elements. Strings become text nodes, never HTML.

/** A new element. An empty class name is none; texts among the children become text nodes. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  children: (Node | string)[] = [],
  attributes: Record<string, string> = {},
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Set a text, where it is another one: the same once more would have the page laid out anew. */
export function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Set an attribute, where it is another one. */
export function setAttribute(node: HTMLElement, name: string, value: string): void {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** A function that acts once before the next frame, however often it is called until then. */
export function onceAFrame(act: () => void): () => void {
  let asked = 0;
  return () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      act();
    });
  };
}

/** The element with this id; the page's own HTML has it. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- who asks knows the page
export function byId<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

/** The address, where it is one a reader can safely follow. */
export function safeUrl(text: unknown): string {
  if (typeof text !== "string" || !/^https?:\/\//i.test(text)) return "";
  return URL.canParse(text) ? new URL(text).href : "";
}
