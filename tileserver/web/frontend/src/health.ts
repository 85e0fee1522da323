// Whether the map can still draw. Its WebGL context and its worker may end at any time, most of all on phones. The
// first is said and mostly given back; with it went every source and all feature state. Of the second nobody hears.

import type { Map as MapLibre } from "maplibre-gl";
import { getGlobalDispatcher } from "./maplibre";

const TICK_MS = 2000;
const PATIENCE = 5; // ticks without a sign of life; the worker answers in turn, and a slow phone has much to do
const RESTORED_MS = 8000; // within which a browser gives a context back, if it does

/** The map to look after, and who is told. */
export interface HealthOptions {
  map: MapLibre;
  /** Nothing is drawn, and the map has no style that could be changed. */
  onLost: () => void;
  /** The map can be given a style again. */
  onRestored: () => void;
  /** Nothing more will come of it, until the page is loaded anew; or it turned out that it does. */
  onStopped: (stopped: boolean) => void;
}

/** Waits for answers of somebody who may have ended unheard. */
export class Watch {
  private asked = false;
  private silent = 0;

  constructor(
    private readonly ask: () => Promise<unknown>,
    private readonly onStopped: (stopped: boolean) => void,
  ) {}

  /** Once in a while: ask where *busy*, or count on for how long there has been no answer. */
  tick(busy: boolean): void {
    if (this.asked) {
      this.silent += 1;
      if (this.silent === PATIENCE) this.onStopped(true);
    } else if (busy) {
      this.asked = true;
      const answered = (): void => this.answered();
      this.ask().then(answered, answered);
    }
  }

  private answered(): void {
    if (this.silent >= PATIENCE) this.onStopped(false);
    this.asked = false;
    this.silent = 0;
  }
}

/** MapLibre's worker answers a message that nobody there handles with nothing, which is all that is asked of it. */
const signOfLife = (): Promise<unknown> =>
  getGlobalDispatcher().broadcast("sign-of-life" as never, null as never);

/** Look after a map for as long as the page is there. */
export function watchHealth({ map, onLost, onRestored, onStopped }: HealthOptions): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stopped = new Set<"context" | "worker">();
  const tell = (what: "context" | "worker", has: boolean): void => {
    if (has) stopped.add(what);
    else stopped.delete(what);
    onStopped(stopped.size > 0);
  };
  map.on("webglcontextlost", () => {
    clearTimeout(timer);
    timer = setTimeout(() => tell("context", true), RESTORED_MS);
    onLost();
  });
  map.on("webglcontextrestored", () => {
    clearTimeout(timer);
    tell("context", false);
    onRestored();
  });
  const watch = new Watch(signOfLife, (has) => tell("worker", has));
  setInterval(() => {
    if (document.visibilityState === "visible") watch.tick(!map.loaded());
  }, TICK_MS);
}
