// What a reader is told where the ground is drawn nearer than it is exact: its rivers and shores may be a village away.

import type { IControl, Map as MapLibre } from "maplibre-gl";
import { COARSE_FROM } from "./basemap";
import { element } from "./dom";

/** A line above the scale, from the zoom on at which the ground is coarse. */
export class CoarseNote implements IControl {
  private readonly line: HTMLElement;

  constructor(
    text: string,
    private readonly isCoarse: () => boolean,
  ) {
    this.line = element("div", "maplibregl-ctrl coarse", [text]);
  }

  /** Called by the map. */
  onAdd(map: MapLibre): HTMLElement {
    const follow = (): void => {
      this.line.hidden = !this.isCoarse() || map.getZoom() < COARSE_FROM;
    };
    map.on("zoom", follow);
    map.on("idle", follow); // an archive of one's own may have been given up
    follow();
    return this.line;
  }

  /** Called by the map. */
  onRemove(): void {
    this.line.remove();
  }
}
