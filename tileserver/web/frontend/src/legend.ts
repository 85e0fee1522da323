// The legend: only what is on the day's map, each with how much of it there is, and the switches of layers and parts.
// Rows are known by layer and code, so that other parts of the page can say a count of them or hang a control onto them.

import { paletteOf, type Theme } from "./basemap";
import { switchable, type Category, type DrawnLayer, type TileJson } from "./catalogue";
import { byId, element } from "./dom";
import { gainersOf, RECENT_DAYS } from "./gainers";
import { colourOf, shapeImage } from "./style_layers";
import {
  areaSwatch,
  arrowSwatch,
  lineSwatch,
  noteSwatch,
  pointSwatch,
  recentSwatch,
  ringSwatch,
  teethSwatch,
} from "./swatches";
import type { Part } from "./switches";
import { pick, type Say } from "./texts";

/** What is in the legend: the theatre, its look, and what the reader has switched off. */
export interface LegendView {
  tiles: Pick<TileJson, "drawn" | "layers" | "legend">;
  theme: Theme;
  off: ReadonlySet<string>;
  comparable: boolean; // whether it is known what changed hands between two days
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

  /** Rows for all that the theatre's layers may have: areas, front, recent gains, events, overlays, notes. */
  list(view: LegendView): void {
    const { drawn } = view.tiles;
    const groups = switchable(view.tiles);
    this.view = view;
    this.rows.clear();
    byId("legend").replaceChildren(
      ...drawn.filter(({ role }) => role === "areas").flatMap((layer) => this.layerRows(layer)),
      ...drawn.filter(({ role }) => role === "front").flatMap((layer) => this.frontRows(layer)),
      ...this.recentRows(),
      ...groups.map((layer) => this.group(layer)),
      ...drawn
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

  /** Say within how many days what is drawn was taken: fewer where control is not known that long. */
  nameRecent(days: readonly number[]): void {
    const name = byId("legend").querySelector('input[name="recent"] ~ .name');
    if (name) name.textContent = this.recentTitle(days);
  }

  private recentTitle([few, many]: readonly number[]): string {
    return many === undefined
      ? this.say("recentOne", { count: few! })
      : this.say("recent", { few: few!, many });
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

  private switched(
    name: string,
    title: string,
    swatches: Node[],
    rows: HTMLElement[] = [],
    kind = "",
  ): HTMLElement {
    const box = element("input", "", [], { type: "checkbox", name });
    box.checked = !this.view?.off.has(name);
    box.addEventListener("change", () => this.onSwitch(name));
    return element("li", "group", [
      element("label", "", [box, ...swatches, element("span", "name", [title])]),
      ...(rows.length ? [element("ul", kind, rows)] : []),
    ]);
  }

  private part(part: Part, title: string, swatches: Node[], rows: HTMLElement[] = []): HTMLElement {
    return this.switched(part, title, swatches, rows, "wide");
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

  private frontRows({ name, legend: [front], derived }: DrawnLayer): HTMLElement[] {
    const { frontline, casing } = paletteOf(this.theme);
    const colour = front ? colourOf(front, this.theme) : frontline;
    const ours = this.view?.tiles.legend.areas?.find(({ side }) => side && side === derived?.side);
    const label = (front && pick(front.label, this.language)) || this.say("frontline");
    return [
      this.own(name, "", lineSwatch(colour, casing), label),
      ...(ours
        ? [
            this.part("sides", this.say("teeth", { side: pick(ours.label, this.language) }), [
              teethSwatch(colour, colourOf(ours, this.theme), casing),
            ]),
          ]
        : []),
    ];
  }

  private recentRows(): HTMLElement[] {
    const gainers = this.view?.comparable ? gainersOf(this.view.tiles) : [];
    if (gainers.length === 0) return [];
    const rows = gainers.map(({ kind, category }) =>
      this.own(
        "recent",
        kind,
        recentSwatch(kind, colourOf(category, this.theme), this.theme),
        pick(category.label, this.language),
      ),
    );
    return [this.part("recent", this.recentTitle(RECENT_DAYS), [], rows)];
  }

  private noteRows({ name, arrows }: DrawnLayer): HTMLElement[] {
    return [
      this.switched(name, this.say("notesOnMap"), [noteSwatch(this.theme)]),
      ...(arrows ? [this.part("arrows", this.say("arrows"), [arrowSwatch(this.theme)])] : []),
    ];
  }

  private get theme(): Theme {
    return this.view?.theme ?? "light";
  }
}
