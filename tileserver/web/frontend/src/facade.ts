// The embed before its map: a picture of the day, which the server put into the page. The map is loaded once it is
// looked at and nothing else is to do, or reached for; the picture stays until the map has drawn the same day.

import { byId } from "./dom";
import { tellHeight } from "./embed/height";
import { NEAR } from "./embed/messages";
import { forget, pickedStill, untilDrawn } from "./still";
import { hearWishes } from "./wish";

const AGAIN_MS = 6000; // after which what could not be loaded is asked for again
const PATIENCE_MS = 3000; // after which the map does not wait for its picture

const root = document.documentElement;
const image = pickedStill();
let started = false; // whether the map is on its way
let running = false; // whether it has taken over the page

/** Load everything that the map is made of; a module that failed once is never asked for again, so it is fetched first. */
async function load(): Promise<void> {
  const { style = "", ahead = "" } = root.dataset;
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: style });
  const styled = new Promise<void>((resolve, reject) => {
    link.addEventListener("load", () => resolve());
    link.addEventListener("error", () => {
      link.remove();
      reject(new Error(style));
    });
  });
  document.querySelector("link[rel=stylesheet]")?.before(link); // ours goes after MapLibre's
  const fetched = ahead.split(" ").map(async (url) => {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    await answer.arrayBuffer();
  });
  await Promise.all([styled, ...fetched]);
  await import(new URL(root.dataset["entry"] ?? "", location.href).href);
}

async function start(): Promise<void> {
  if (started) return;
  started = true;
  try {
    await load();
    running = true;
    byId("hint").hidden = true;
    untilDrawn();
  } catch (error) {
    console.warn("map:", error);
    started = false;
    byId("hint").textContent = root.dataset["away"] ?? "";
    byId("hint").hidden = false;
    setTimeout(() => void start(), AGAIN_MS);
  }
}

/** What the reader does before the map is there: it is begun, and `wish.ts` keeps what is wished for. */
function reach(event: Event): void {
  if (running) return;
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (event.type === "click" && button?.id === "details-toggle") {
    const open = document.body.classList.toggle("unfolded");
    button.setAttribute("aria-expanded", String(open));
  }
  void start();
}

function begin(): void {
  for (const kind of ["pointerdown", "keydown", "focusin", "click"]) document.addEventListener(kind, reach);
  hearWishes();
  addEventListener("online", () => void start());
  addEventListener("message", ({ data, source }: MessageEvent<unknown>) => {
    if (source === parent && data === NEAR) void start();
  });
  tellHeight();
  const alone = (): void => {
    forget();
    void start();
  };
  if (image) {
    image.addEventListener("error", alone);
    whenSeen(image);
  } else alone();
}

/** Begin once the embed is seen, its picture is there and the browser has nothing else to do; not where the reader
 *  saves data. */
function whenSeen(stillImage: HTMLImageElement): void {
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  if (connection?.saveData) return;
  const idle = (act: () => void): unknown =>
    "requestIdleCallback" in window ? requestIdleCallback(act, { timeout: 2000 }) : setTimeout(act, 200);
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    seen.disconnect();
    const act = (): unknown => idle(() => void start());
    setTimeout(act, PATIENCE_MS);
    if (stillImage.complete) act();
    else stillImage.addEventListener("load", act);
  });
  seen.observe(stillImage);
}

begin();
