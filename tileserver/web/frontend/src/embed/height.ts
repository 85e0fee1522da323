// How high an embed would like to be, told to the article around it.

import { byId } from "../dom";
import type { HeightMessage } from "./messages";

const MAP_PX = 220; // of map that is to be seen below the card

/** The height that suits a width, both page px: upright on a phone, landscape elsewhere; more where the words are large. */
export function heightFor(width: number, card: number, bar: number): number {
  const [ratio, least, most] = width < 520 ? [1.25, 420, 640] : [0.625, 400, 720];
  return Math.round(Math.max(Math.min(most, Math.max(least, width * ratio)), card + bar + MAP_PX));
}

/** Tell the height now and whenever the width changes. */
export function tellHeight(): void {
  if (parent === window) return;
  let told = 0;
  const tell = (): void => {
    const card = byId("card").getBoundingClientRect().bottom;
    const bar = byId("timebar").getBoundingClientRect().height;
    const height = heightFor(document.documentElement.clientWidth, card, bar);
    if (height === told) return;
    told = height;
    parent.postMessage({ type: "map:height", height } satisfies HeightMessage, "*");
  };
  new ResizeObserver(tell).observe(document.documentElement);
  addEventListener("load", tell);
}
