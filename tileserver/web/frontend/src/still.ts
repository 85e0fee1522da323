// The picture of the day, which the server put into the page to stand for the map: it stays until the map has drawn the
// same day.

import { byId } from "./dom";

const DRAWN_MS = 5000; // that a map which has its day may still take over names and shore lines

interface Drawn {
  once(event: "idle" | "movestart", act: () => void): void;
}

// What the picture is not made by, where it stands after `#`.
const UNSEEN = ["at", "compare", "off", "on", "days", "hide", "event"];

const root = document.documentElement;
const still = document.getElementById("still");

/** The picture, of the size and theme that suit the page by now: while it is parsed its width may not be known, and two
 *  would be loaded. It looks where the part after `#` says, which the server does not see; where that names a day or
 *  layers too, there is no picture. */
export function pickedStill(): HTMLImageElement | null {
  const template = still?.querySelector("template");
  const fragment = new URLSearchParams(location.hash.slice(1));
  if (!still || !template || UNSEEN.some((name) => fragment.has(name))) return null;
  const nearest = root.dataset["basemap"] ? 14 : 12; // zoom of the map, on a newsroom's own ground and on the build's
  const camera = fragment.get("map")?.replace(/^[\d.]+/, (zoom) => String(Math.min(Number(zoom), nearest)));
  for (const one of camera === undefined ? [] : template.content.querySelectorAll("source, img")) {
    const name = one.tagName === "IMG" ? "src" : "srcset";
    const url = one.getAttribute(name) ?? "";
    one.setAttribute(name, url.replace(/map=[^&]*/, `map=${encodeURIComponent(camera ?? "")}`));
  }
  still.append(template.content);
  return still.querySelector("img");
}

/** Take the picture away: for another day at once, else when the map has drawn everything. */
export function untilDrawn(): void {
  const day = byId<HTMLTimeElement>("date").dateTime;
  let waits = false;
  const look = (): void => {
    const { state, shown } = root.dataset;
    if (shown && shown !== day) drop();
    if (state !== "ready" || waits) return;
    waits = true;
    const map = (window as unknown as { tileserverMap?: Drawn }).tileserverMap;
    map?.once("idle", drop);
    map?.once("movestart", drop); // a picture of elsewhere is none of this map
    setTimeout(drop, DRAWN_MS);
  };
  const watch = new MutationObserver(look);
  const drop = (): void => {
    still?.remove();
    watch.disconnect();
  };
  watch.observe(root, { attributes: true, attributeFilter: ["data-state", "data-shown"] });
  look();
}

/** Without its picture a date would be said over nothing, and so would who gained what up to it. */
export function forget(): void {
  still?.remove();
  const date = byId<HTMLTimeElement>("date");
  date.textContent = byId("as-of").textContent = byId("gains-lead").textContent = "";
  date.removeAttribute("datetime");
}
