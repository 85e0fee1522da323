// Waiting for what is on its way onto the map.

import type { ErrorEvent, Map as MapLibre } from "maplibre-gl";

/** A promise that whoever has it can settle. */
export interface Later {
  promise: Promise<void>;
  settle: () => void;
}

/** See `Later`. */
export function later(): Later {
  let settle = (): void => undefined;
  const promise = new Promise<void>((resolve) => (settle = resolve));
  return { promise, settle };
}

/** Settles once every tile of a source that is on screen is there, or nobody waits any more; rejects where one fails. */
export function whole(map: MapLibre, source: string, isAwaited: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const check = map.on("render", () => {
      if (!isAwaited() || map.isSourceLoaded(source)) {
        stop();
        resolve();
      }
    });
    const fail = map.on("error", (event: ErrorEvent & { sourceId?: string }) => {
      if (event.sourceId !== source) return;
      stop();
      reject(new Error(event.error.message));
    });
    const stop = (): void => {
      check.unsubscribe();
      fail.unsubscribe();
    };
    map.triggerRepaint();
  });
}

/** Settles once nothing is on its way any more, and what fades in has done so. */
export async function drawn(map: MapLibre): Promise<void> {
  const idle = map.once("idle");
  map.triggerRepaint();
  await idle;
}
