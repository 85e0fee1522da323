// Measuring a distance: points that the reader taps, the length of each leg and of all. From the keyboard the cross in
// the middle of the map takes the place of the finger.

import type { GeoJSONSource, MapMouseEvent } from "maplibre-gl";
import { byId, element } from "./dom";
import { lengthText, metresBetween, wayBetween, type LonLat } from "./geodesy";
import type { Map as MapLibre } from "./maplibre";
import type { Say } from "./texts";
import type { Tools } from "./tools";

const SOURCE = "ruler";
const ICON = "M2.5 13 13 2.5 17.5 7 7 17.5zM6 9.5l2 2M9 6.5l1.2 1.2M12 3.5l2 2";
const MOST = 50; // points

/** The lengths of the legs between points, in metres, and of all of them. */
export function legsOf(points: readonly LonLat[]): { legs: number[]; total: number } {
  const legs = points.slice(1).map((point, i) => metresBetween(points[i]!, point));
  return { legs, total: legs.reduce((sum, leg) => sum + leg, 0) };
}

/** The tool that measures. */
export class Ruler {
  private points: LonLat[] = [];
  private body: HTMLElement | null = null;
  private readonly cross = element("div", "", [], { id: "ruler-cross", "aria-hidden": "true" });

  constructor(
    private readonly map: MapLibre,
    private readonly tools: Tools,
    private readonly language: string,
    private readonly say: Say,
  ) {
    tools.add({
      id: "ruler",
      icon: ICON,
      label: say("ruler"),
      key: "m",
      fill: (body) => this.begin(body),
      onClose: () => this.end(),
    });
    map.on("click", (event: MapMouseEvent) => this.isOn && this.add([event.lngLat.lng, event.lngLat.lat]));
    map.on("style.load", () => this.isOn && this.draw()); // a lost map comes back without it
    map.getCanvasContainer().addEventListener("keydown", (event) => this.key(event), { capture: true });
  }

  /** Whether a tap adds a point, and tells of nothing. */
  get isOn(): boolean {
    return this.body !== null;
  }

  private begin(body: HTMLElement): void {
    this.body = body;
    this.points = [];
    const button = (word: "rulerAdd" | "rulerUndo" | "rulerClear", act: () => void): HTMLElement => {
      const made = element("button", "", [this.say(word)], { type: "button", id: word });
      made.addEventListener("click", act);
      return made;
    };
    const add = button("rulerAdd", () => this.addMiddle());
    add.dataset["focus"] = "";
    const row = element("p", "ruler-row", [
      add,
      button("rulerUndo", () => this.undo()),
      button("rulerClear", () => this.clear()),
    ]);
    const total = element("p", "", [], { id: "ruler-total", "aria-live": "polite" });
    body.append(
      element("p", "small", [this.say("rulerHow")]),
      total,
      element("ol", "", [], { id: "ruler-legs" }),
      row,
    );
    byId("map").append(this.cross);
    this.map.getCanvas().classList.add("measuring");
    this.draw();
  }

  private end(): void {
    this.body = null;
    this.points = [];
    this.cross.remove();
    this.map.getCanvas().classList.remove("measuring");
    if (!this.map.getSource(SOURCE)) return;
    for (const id of [`${SOURCE}-casing`, `${SOURCE}-line`, `${SOURCE}-points`]) this.map.removeLayer(id);
    this.map.removeSource(SOURCE);
  }

  private key(event: KeyboardEvent): void {
    if (!this.isOn) return;
    if (event.key === "Enter") this.addMiddle();
    else if (event.key === "Backspace" || event.key === "Delete") this.undo();
    else if (event.key === "Escape") this.tools.sheet.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private addMiddle(): void {
    const { lng, lat } = this.map.getCenter();
    this.add([lng, lat]);
  }

  private add(point: LonLat): void {
    const last = this.points.at(-1);
    if (this.points.length >= MOST || (last && last[0] === point[0] && last[1] === point[1])) return;
    this.points.push(point);
    this.draw();
  }

  private undo(): void {
    this.points.pop();
    this.draw();
  }

  private clear(): void {
    this.points = [];
    this.draw();
  }

  private draw(): void {
    const { legs, total } = legsOf(this.points);
    const isEmpty = this.points.length === 0;
    byId("ruler-total").textContent = legs.length
      ? this.say("rulerTotal", { length: lengthText(total, this.language) })
      : this.say(isEmpty ? "rulerNone" : "rulerOne");
    byId("ruler-legs").replaceChildren(
      ...(legs.length > 1 ? legs.map((leg) => element("li", "", [lengthText(leg, this.language)])) : []),
    );
    byId<HTMLButtonElement>("rulerUndo").disabled = isEmpty;
    byId<HTMLButtonElement>("rulerClear").disabled = isEmpty;
    this.show();
  }

  private show(): void {
    const ways = this.points.slice(1).map((point, i) => wayBetween(this.points[i]!, point));
    const data: GeoJSON.FeatureCollection = {
      type: "FeatureCollection",
      features: [
        ...ways.map((coordinates) => feature({ type: "LineString", coordinates })),
        ...this.points.map((coordinates) => feature({ type: "Point", coordinates })),
      ],
    };
    const source = this.map.getSource<GeoJSONSource>(SOURCE);
    if (source) {
      void source.setData(data);
      return;
    }
    this.map.addSource(SOURCE, { type: "geojson", data });
    const line = { source: SOURCE, type: "line" as const, layout: { "line-cap": "round" as const } };
    this.map.addLayer({
      ...line,
      id: `${SOURCE}-casing`,
      paint: { "line-color": "#ffffff", "line-width": 5 },
    });
    const dashes = { "line-color": "#191713", "line-width": 2, "line-dasharray": [1.5, 2] };
    this.map.addLayer({ ...line, id: `${SOURCE}-line`, paint: dashes });
    this.map.addLayer({
      id: `${SOURCE}-points`,
      source: SOURCE,
      type: "circle",
      filter: ["==", ["geometry-type"], "Point"],
      paint: {
        "circle-radius": 4.5,
        "circle-color": "#ffffff",
        "circle-stroke-color": "#191713",
        "circle-stroke-width": 2,
      },
    });
  }
}

const feature = (geometry: GeoJSON.Geometry): GeoJSON.Feature => ({
  type: "Feature",
  properties: {},
  geometry,
});
