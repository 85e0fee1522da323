// The map on paper: WebGL's picture is gone by the time that a browser prints, so a copy of it is kept for the print.

import type { Map as MapLibre } from "maplibre-gl";
import { byId } from "./dom";

/** Copy what the map shows whenever the reader prints. */
export function keepForPrint(map: MapLibre): void {
  const credits = byId<HTMLDetailsElement>("credits");
  let wasOpen = false;
  addEventListener("beforeprint", () => {
    wasOpen = credits.open;
    map.redraw(); // its pixels can be read until this task ends
    byId<HTMLImageElement>("print-map").src = map.getCanvas().toDataURL("image/png");
    byId("print-address").textContent = location.href;
    credits.open = true;
  });
  addEventListener("afterprint", () => (credits.open = wasOpen));
}
