// The look of the map under and beside the theatre: the base map and the small images that styles name, in one theme.

import type { Map as MapLibre } from "maplibre-gl";
import type { Theme } from "./basemap";
import type { Ground } from "./ground";
import { addImages, setPlaceImages, type Legends } from "./images";
import { repaint } from "./map";

/** The theme that is in the map, and the legend whose images are. */
export class MapLook {
  private legend: Legends | null = null;

  constructor(
    private readonly map: MapLibre,
    private readonly ground: Ground,
    private readonly language: string,
    private theme: Theme,
  ) {
    map.on("style.load", () => setPlaceImages(map, this.theme));
  }

  /** Give the map the images of a theatre. */
  addLegend(legend: Legends): void {
    this.legend = legend;
    addImages(this.map, legend, this.theme);
  }

  /** Turn to a theme; a map that has lost its style takes it with the next one. */
  setTheme(theme: Theme, isLost: boolean): void {
    this.theme = theme;
    if (isLost) return;
    setPlaceImages(this.map, theme);
    repaint(this.map, this.ground.style(theme, this.language));
    if (this.legend) addImages(this.map, this.legend, theme);
  }

  /** Fill a map anew that got its context back. MapLibre has put back the style that it lost, with the theatre's
   *  layers but without what made them a day's; so it is thrown away first. */
  async restyle(): Promise<void> {
    this.map.setStyle(this.ground.style(this.theme, this.language), { diff: false });
    await this.map.once("style.load");
    repaint(this.map, this.ground.style(this.theme, this.language)); // which may be another by now
    if (this.legend) addImages(this.map, this.legend, this.theme);
  }
}
