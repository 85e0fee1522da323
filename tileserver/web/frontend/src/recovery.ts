// A lost WebGL context or an ended worker: what is done until the map can draw again, or that it has to be loaded anew.

import type { Map as MapLibre } from "maplibre-gl";
import { byId } from "./dom";
import { watchHealth } from "./health";
import { later, type Later } from "./loading";
import type { Say } from "./texts";

/** Who is told. */
export interface RecoveryOptions {
  map: MapLibre;
  say: Say;
  /** Sources, layers and feature states are gone. */
  onLost(): void;
  /** The map can draw again: give it a style, and settle once that is in. */
  onRestored(): Promise<void>;
  /** The map stands still for good, or turns out not to. */
  onStopped(stopped: boolean): void;
  /** The reader wants the page loaded anew. */
  onRestart(): void;
}

/** The map while it has nothing to draw on, and the notice of one that has stopped. */
export class Recovery {
  private waiting: Later | null = null;

  constructor(options: RecoveryOptions) {
    const { map, say } = options;
    byId("stopped-why").textContent = say("stopped");
    byId("restart").textContent = say("restart");
    byId("restart").addEventListener("click", () => options.onRestart());
    watchHealth({
      map,
      onLost: () => {
        this.waiting ??= later();
        options.onLost();
      },
      onRestored: () => void options.onRestored().then(() => this.restored()),
      onStopped: (stopped) => {
        byId("stopped").hidden = !stopped;
        options.onStopped(stopped);
      },
    });
  }

  /** Whether the map has lost what it drew, and has no style yet to draw it anew. */
  get isLost(): boolean {
    return this.waiting !== null;
  }

  /** Whether the notice stands that the map has stopped. */
  get hasStopped(): boolean {
    return !byId("stopped").hidden;
  }

  /** Settles once the map has a style that layers can be added to; at once where nothing is lost. */
  async drawable(): Promise<void> {
    await this.waiting?.promise;
  }

  private restored(): void {
    const { waiting } = this;
    this.waiting = null;
    waiting?.settle();
  }
}
