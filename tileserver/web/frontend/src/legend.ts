// The legend: only what is on the day's map, each with how much of it there is, and the switches of layers.
// Rows are known by layer and code, so that other parts of the page can say a count of them or hang a control onto them.

import { paletteOf, type Theme } from "./basemap";
import { switchable, type Category, type DrawnLayer, type TileJson } from "./catalogue";
import { byId, element } from "./dom";
import { colourOf, shapeImage } from "./style_layers";
import { areaSwatch, lineSwatch, noteSwatch, pointSwatch, ringSwatch } from "./swatches";
import { pick, type Say } from "./texts";

/** What is in the legend: the theatre, its look, and what the reader has switched off. */
export interface LegendView {
  tiles: Pick<TileJson, "drawn" | "layers" | "legend">;
  theme: Theme;
  off: ReadonlySet<string>;
}

/** How much there is of the codes of a layer, as texts; a code that is missing has nothing on the day's map. */
export type Amounts = ReadonlyMap<string, string>;

/** The list below the notes. */
export class Legend {
  private readonly rows = new Map<string, { row: HTMLElement; amount: HTMLElement }>();
  private view: LegendView | null = null;

  constructor(
    private readonly language: string,
    private readonly say: Say,
    private readonly onSwitch: (name: string) => void,
  ) {}

  /** Rows for all that the theatre's layers may have: areas, front, events, overlays, notes. */
  list(view: LegendView): void {
    const { drawn } = view.tiles;
    const groups = switchable(view.tiles);
    const alone = drawn.filter(
      (layer) => !groups.includes(layer) && (layer.newest !== null || layer.role !== "events"),
    );
    this.view = view;
    this.rows.clear();
    byId("legend").replaceChildren(
      ...alone.filter(({ role }) => role === "areas").flatMap((layer) => this.layerRows(layer)),
      ...alone.filter(({ role }) => role === "front").flatMap((layer) => this.frontRows(layer)),
      ...alone.filter(({ role }) => role === "events").flatMap((layer) => this.layerRows(layer)),
      ...groups.map((layer) => this.group(layer)),
      ...alone
        .filter(({ role, newest }) => role === "notes" && newest !== null)
        .flatMap((layer) => this.noteRows(layer)),
    );
  }

  /** Say how much there is of a layer's codes, and leave out of the list what there is nothing of; null says nothing
   *  and leaves nothing out. */
  tell(layer: string, amounts: Amounts | null): void {
    for (const [key, { row, amount }] of this.rows) {
      const [own, code = ""] = key.split("\n");
      if (own !== layer) continue;
      row.hidden = amounts !== null && !amounts.has(code);
      amount.textContent = amounts?.get(code) ?? "";
    }
  }

  /** Take away what was said of another day, and move nothing. */
  set stale(stale: boolean) {
    byId("legend").classList.toggle("stale", stale);
  }

  /** The row of a code of a layer, for other parts of the page to add to. */
  row(layer: string, code: string): HTMLElement | undefined {
    return this.rows.get(`${layer}\n${code}`)?.row;
  }

  private own(layer: string, code: string, swatch: Node, label: string, kind = ""): HTMLElement {
    const amount = element("span", "amount");
    const row = element("li", kind, [swatch, element("span", "name", [label]), amount], {
      "data-layer": layer,
      "data-code": code,
    });
    this.rows.set(`${layer}\n${code}`, { row, amount });
    return row;
  }

  private switched(name: string, title: string, swatches: Node[], rows: HTMLElement[] = []): HTMLElement {
    const box = element("input", "", [], { type: "checkbox", name });
    box.checked = !this.view?.off.has(name);
    box.addEventListener("change", () => this.onSwitch(name));
    const amount = element("span", "amount");
    const row = element("li", "group", [
      element("label", "", [box, ...swatches, element("span", "name", [title]), amount]),
      ...(rows.length ? [element("ul", "", rows)] : []),
    ]);
    this.rows.set(`${name}\n`, { row, amount });
    return row;
  }

  private group(layer: DrawnLayer): HTMLElement {
    const overlay = layer.role === "overlay";
    return this.switched(
      layer.name,
      pick(layer.title, this.language) || layer.name,
      overlay ? layer.legend.map((one) => areaSwatch(one, this.theme)) : [],
      overlay ? [] : this.layerRows(layer),
    );
  }

  private layerRows({ name, role, legend, shape, evidence }: DrawnLayer): HTMLElement[] {
    const named = (one: Category): string => pick(one.label, this.language);
    if (role === "areas")
      return legend.map((one) => this.own(name, one.code, areaSwatch(one, this.theme), named(one)));
    return [
      ...legend.map((one, i) =>
        this.own(name, one.code, pointSwatch(shapeImage(one, shape + i, this.theme)), named(one), "half"),
      ),
      ...(evidence?.classes.some(({ metres }) => metres > 0)
        ? [
            element("li", "ring", [
              ringSwatch(paletteOf(this.theme).note),
              element("span", "name", [this.say("inexact")]),
            ]),
          ]
        : []),
    ];
  }

  private frontRows({ name, legend: [front] }: DrawnLayer): HTMLElement[] {
    const { frontline, casing } = paletteOf(this.theme);
    const colour = front ? colourOf(front, this.theme) : frontline;
    const label = (front && pick(front.label, this.language)) || this.say("frontline");
    return [this.own(name, "", lineSwatch(colour, casing), label)];
  }

  private noteRows({ name }: DrawnLayer): HTMLElement[] {
    return [this.switched(name, this.say("notesOnMap"), [noteSwatch(this.theme)])];
  }

  private get theme(): Theme {
    return this.view?.theme ?? "light";
  }
}
