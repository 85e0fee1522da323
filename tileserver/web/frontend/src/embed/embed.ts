// /embed.js, which an article may load beside its embeds and need not: it gives them the height that they ask for,
// tells them when the reader comes near, and makes the element <dated-map>.

import { NEAR, type HeightMessage } from "./messages";

const SCRIPT = document.currentScript as HTMLScriptElement | null;
const HOME = new URL(SCRIPT?.src ?? location.href);
const PAGE = SCRIPT?.dataset["page"] ?? "embed"; // of files it has another name
const ATTRIBUTES = [
  "theatre",
  "at",
  "compare",
  "revision",
  "map",
  "lang",
  "theme",
  "controls",
  "off",
  "facade",
];
const MOST = 2000; // page px; an article's height is its own
const told = new WeakSet<Element>();

/** The frame that a message came from, where that is an embed of ours. */
const frameOf = ({ source, origin }: MessageEvent): HTMLIFrameElement | undefined =>
  [...document.querySelectorAll("iframe")].find(
    (frame) =>
      frame.contentWindow === source &&
      frame.src.startsWith(new URL("embed", HOME).href) &&
      // Of a sandboxed frame the origin is opaque.
      origin ===
        (frame.sandbox.length && !frame.sandbox.contains("allow-same-origin") ? "null" : HOME.origin),
  );

const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      if (target instanceof DatedMap) target.fill();
      else (target as HTMLIFrameElement).contentWindow?.postMessage(NEAR, "*");
    }
  },
  { rootMargin: "400px" },
);

addEventListener("message", (event: MessageEvent<Partial<HeightMessage> | null>) => {
  const { type, height = 0 } = Object(event.data) as Partial<HeightMessage>;
  const frame = type === "map:height" && height > 0 && frameOf(event);
  if (!frame) return;
  if (frame.dataset["height"] !== "fixed") {
    frame.style.aspectRatio = "auto";
    frame.style.height = `${Math.min(height, MOST)}px`;
  }
  if (!told.has(frame)) near.observe(frame);
  told.add(frame);
});

/** `<dated-map theatre="ukraine" at="2023-11-09">`: an embed that is made when the reader comes near; what stands in
 *  it stays until then, and without scripts. */
class DatedMap extends HTMLElement {
  connectedCallback(): void {
    if (!this.querySelector("iframe")) near.observe(this);
  }

  fill(): void {
    const frame = document.createElement("iframe"),
      url = new URL(PAGE, HOME);
    for (const name of ATTRIBUTES) {
      const value = this.getAttribute(name);
      if (value !== null) url.searchParams.set(name, value);
    }
    frame.src = url.href;
    frame.title = this.title || "Map";
    frame.allow = "fullscreen";
    frame.referrerPolicy = "strict-origin-when-cross-origin";
    frame.style.cssText = `display:block;border:0;width:100%;height:${this.getAttribute("height") ?? 520}px`;
    if (this.hasAttribute("height")) frame.dataset["height"] = "fixed";
    this.replaceChildren(frame);
  }
}

customElements.define("dated-map", DatedMap);
