// The reader's page before its map: a picture of the day that it opens at, laid where the map is going to draw the same.
// The map's scripts are asked for at once, except on a slow network: there the picture comes first, which is a fifth of
// what they are.

import { cameraOn, clearOf, overlaid } from "./camera";
import { forget, pickedStill, untilDrawn } from "./still";
import { hearWishes } from "./wish";

const PATIENCE_MS = 8000; // after which a map on a slow network does not wait for its picture

const { ahead = "", entry = "", centre = "" } = document.documentElement.dataset;

/** Load everything that the map is made of. */
function load(): void {
  for (const href of ahead.split(" "))
    document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", href }));
  import(new URL(entry, location.href).href).catch((error: unknown) => console.warn("map:", error));
}

/** Lay the picture over the map, point by point: it was made for another size of page. */
function lay(image: HTMLImageElement): void {
  if (!image.naturalWidth) return;
  const seen = new URL(image.currentSrc).searchParams.get("map") ?? "";
  const [zoom = 0, lat = 0, lon = 0] = seen.split("/").map(Number);
  const { clientWidth, clientHeight } = document.documentElement;
  const map = cameraOn(centre.split(",").map(Number), clearOf());
  const { right, down, times } = overlaid({ zoom, lat, lon }, map);
  const left = clientWidth / 2 + right - (times * image.naturalWidth) / 2,
    top = clientHeight / 2 + down - (times * image.naturalHeight) / 2;
  image.style.transform = `translate(${left}px, ${top}px) scale(${times})`;
  image.classList.add("laid");
}

function begin(): void {
  hearWishes();
  const image = location.hash.includes("map=") ? null : pickedStill();
  if (!image) {
    forget();
    load();
    return;
  }
  const laid = (): void => lay(image);
  for (const kind of ["load", "resize"]) addEventListener(kind, laid); // of the page: its styles are there, too
  image.addEventListener("load", laid);
  image.addEventListener("error", forget);
  untilDrawn();
  const { connection } = navigator as { connection?: { effectiveType?: string } };
  if ((connection?.effectiveType ?? "4g") === "4g") load();
  else {
    const given = new Promise((resolve) => {
      for (const kind of ["load", "error"]) image.addEventListener(kind, resolve);
      setTimeout(resolve, PATIENCE_MS);
    });
    void given.then(load);
  }
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();
