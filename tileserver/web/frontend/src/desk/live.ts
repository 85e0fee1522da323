// A map of the desk in its figure, begun once it is near the screen: the change over what is public.

import type { StyleSpecification } from "maplibre-gl";
import { readArchives } from "../archives";
import type { Theme } from "../basemap";
import { element } from "../dom";
import type { Ground } from "../ground";
import { IMAGE_RATIO, imageOf, setPlaceImages } from "../images";
import { Map as MapLibre, Marker, NavigationControl, Popup, ScaleControl, setWorkerUrl } from "../maplibre";
import {
  CHANGE_LAYERS,
  TOUCHED,
  changeStyle,
  imagesOf,
  isBeneath,
  legendOf,
  type LiveMap,
  type Mark,
} from "./change_style";

const NEAR_ZOOM = 10; // to make out a piece of some km2
const AHEAD = "300px"; // of the screen, within which a map begins
const KEYS = "arrows move, plus and minus zoom";

/** Let the maps of the page be made: read the basemap, and know MapLibre's worker. */
export function prepare(worker: string): void {
  setWorkerUrl(new URL(worker, location.href).href);
  readArchives(Promise.resolve());
}

/** The map of a figure. Throws nothing: where a map cannot be, the picture stays. */
export class LiveFigure {
  private readonly holder = element("div", "live");
  private readonly canvas = element("div", "canvas");
  private map: MapLibre | null = null;
  private popup: Popup | null = null;
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");

  constructor(
    private readonly figure: HTMLElement,
    private readonly told: LiveMap,
    private readonly ground: Ground,
  ) {
    this.holder.append(this.bar(), this.canvas);
    figure.prepend(this.holder);
    figure.classList.add("is-live");
    figure.querySelector("figcaption")?.append(this.legend());
    for (const mark of told.marks) this.linkRow(mark);
  }

  /** Draw it once it is near the screen. */
  begin(): void {
    new IntersectionObserver(
      (seen, observer) => {
        if (!seen.some(({ isIntersecting }) => isIntersecting)) return;
        observer.disconnect();
        this.drawn();
      },
      { rootMargin: AHEAD },
    ).observe(this.holder);
  }

  private get theme(): Theme {
    return this.dark.matches ? "dark" : "light";
  }

  private style(): StyleSpecification {
    return changeStyle(this.told, this.ground, this.theme);
  }

  private drawn(): MapLibre | null {
    if (this.map) return this.map;
    try {
      this.map = this.made();
    } catch (error) {
      console.warn("map:", error);
      this.figure.classList.remove("is-live");
      this.holder.remove();
    }
    return this.map;
  }

  private made(): MapLibre {
    const map = new MapLibre({
      container: this.canvas,
      style: this.style(),
      bounds: this.told.bounds,
      attributionControl: false,
      maxZoom: 15,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      rollEnabled: false,
      fadeDuration: 0,
      cooperativeGestures: true,
      locale: { "Map.Title": `${this.told.title}: ${KEYS}` },
    });
    map.touchZoomRotate.disableRotation();
    map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    map.addControl(new ScaleControl({ maxWidth: 90 }), "bottom-left");
    map.on("style.load", () => {
      setPlaceImages(map, this.theme);
      for (const name of imagesOf(this.told, this.theme))
        if (!map.hasImage(name)) map.addImage(name, imageOf(name), { pixelRatio: IMAGE_RATIO });
    });
    map.on("error", ({ error }) => console.warn("map:", error.message));
    map.once("idle", () => (this.holder.dataset["state"] = "drawn"));
    map.on("click", TOUCHED, ({ features, lngLat }) => {
      const title = features?.[0]?.properties["title"] as string | undefined;
      if (title) this.say(map, [lngLat.lng, lngLat.lat], title);
    });
    this.dark.addEventListener("change", () => map.setStyle(this.style(), { diff: false }));
    this.ground.watch(map);
    for (const mark of this.told.marks) new Marker({ element: this.pin(mark) }).setLngLat(mark.at).addTo(map);
    return map;
  }

  private say(map: MapLibre, at: [number, number], words: string): void {
    this.popup?.remove();
    this.popup = new Popup({ maxWidth: "18rem", focusAfterOpen: false })
      .setLngLat(at)
      .setText(words)
      .addTo(map);
  }

  private pin({ label, paint, title, target }: Mark): HTMLElement {
    return element("a", `pin ${this.told.name}-${paint}`, [label], {
      href: `#${target}`,
      title,
      "aria-label": title,
      role: "link", // MapLibre calls it an image otherwise
    });
  }

  /** Let the number of a row show its place. */
  private linkRow({ at, label, target, title }: Mark): void {
    const row = document.getElementById(target);
    if (!row) return;
    const button = element("button", "row", [label], {
      type: "button",
      "aria-label": `Show ${label} on the map`,
    });
    button.addEventListener("click", () => {
      const map = this.drawn();
      if (!map) return;
      this.holder.scrollIntoView({ block: "center" });
      map.flyTo({ center: at, zoom: Math.max(map.getZoom(), NEAR_ZOOM) });
      this.say(map, at, title);
    });
    row.replaceChildren(button);
  }

  private bar(): HTMLElement {
    const bar = element("div", "bar");
    if (this.told.public.features.length && (this.told.change.features.length || this.told.marks.length)) {
      const box = element("input", "", [], { type: "checkbox" });
      box.checked = true;
      box.addEventListener("change", () => this.show(box.checked));
      bar.append(element("label", "", [box, " The change over what is public"]));
    }
    const whole = element("button", "plain", ["Show all of it"], { type: "button" });
    whole.addEventListener("click", () => this.drawn()?.fitBounds(this.told.bounds));
    bar.append(whole);
    return bar;
  }

  private show(on: boolean): void {
    const map = this.drawn();
    this.holder.classList.toggle("only-public", !on);
    this.popup?.remove();
    for (const id of map ? CHANGE_LAYERS : [])
      map?.setLayoutProperty(id, "visibility", on ? "visible" : "none");
  }

  private legend(): HTMLElement {
    const items = legendOf(this.told).map(([number, { words, texture }]) => {
      const beneath = isBeneath(this.told, number) ? "beneath " : "";
      const look = `swatch ${beneath}${texture} ${this.told.name}-${number}`;
      return element("li", "", [element("span", look, [], { "aria-hidden": "true" }), words]);
    });
    return element("ul", "legend of-live", [...items, element("li", "credit", [this.ground.credit])]);
  }
}
