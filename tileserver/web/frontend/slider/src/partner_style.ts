// The partner's style while the slider is on the map: its layers over the tileset are found as soon as there is a style,
// and again whenever there is another; and a style that is lost, with a lost context say, takes every day with it.

import type { Map as MapLibre, Subscription } from "maplibre-gl";
import { later } from "../../src/loading";
import type { VectorLayer } from "./copies";
import { DATED } from "./dated_source";
import type { Dated } from "./document";
import { Templates, sourceOf } from "./templates";

/** Where the layers are looked for, and who hears of them. */
export interface PartnerStyleOptions {
  url: string; // of the TileJSON; empty where that is given itself
  source: string; // that the layers draw; empty where it has to be found
  document: () => Dated | null;
  /** Whether what is drawn is in the map still. */
  isThere: () => boolean;
  /** There is a style that layers can be added to. */
  onFound: () => void;
  /** There was one, and there is no more. */
  onLost: () => void;
  /** The partner has said a layer otherwise. */
  onChange: () => void;
}

/** The layers of a style that is watched until it is left. */
export class PartnerStyle {
  private templates: Templates | null = null;
  private found = false;
  private drawable = later();
  private readonly subscriptions: Subscription[];

  constructor(
    private readonly map: MapLibre,
    private readonly options: PartnerStyleOptions,
  ) {
    this.subscriptions = [
      map.on("webglcontextlost", () => this.lose()),
      map.on("styledataloading", () => this.lose()),
      map.on("style.load", () => this.find()),
      map.on("styledata", () => {
        if (this.found && this.templates?.follow()) options.onChange();
      }),
    ];
  }

  /** Whether the layers are found, so that copies can be added. */
  get isFound(): boolean {
    return this.found;
  }

  /** The layers as the partner says them, from the lowest on. */
  get layers(): VectorLayer[] {
    return this.templates?.layers ?? [];
  }

  /** Settles once the layers are found, or the style is left. */
  async ready(): Promise<void> {
    await this.drawable.promise;
  }

  /** Look for the layers; they are taken out of sight even before there is a document, which is the last that is needed.
   *  Throws where the style has none. */
  find(): void {
    const { map, options } = this;
    const style = map.getStyle() as ReturnType<MapLibre["getStyle"]> | undefined; // none before the first is loaded
    if (!style || (this.found && options.isThere())) return;
    this.lose();
    for (const layer of style.layers)
      if ("source" in layer && isDated(layer.source)) map.removeLayer(layer.id);
    for (const source of Object.keys(style.sources)) if (isDated(source)) map.removeSource(source);
    const document = options.document();
    const source = sourceOf(style, document, options.url, options.source);
    if (!source) return;
    if (this.templates?.source !== source) this.templates = new Templates(map, source);
    this.templates.take();
    if (!document) return;
    this.found = true;
    this.drawable.settle();
    options.onFound();
  }

  /** Hear no more of the style, and give its layers back as they were. */
  leave(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    if (this.map.getStyle() as unknown) this.templates?.give();
    this.found = false;
    this.drawable.settle(); // who waits for it finds nothing
  }

  private lose(): void {
    if (!this.found) return;
    this.found = false;
    this.drawable = later();
    this.options.onLost();
  }
}

const isDated = (source: unknown): boolean => String(source).startsWith(DATED);
