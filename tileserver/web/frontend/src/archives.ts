// Archives of the base map in MapLibre: a part that a network lost is asked for again. MapLibre asks for no tile of a source
// again by itself, so that it would stay a hole, and pmtiles keeps a header or directory that failed for as long as the
// page lives.

import { Protocol } from "pmtiles";
import { isOfBuild } from "./basemap";
import { complain } from "./complain";
import { addProtocol } from "./maplibre";
import { filesOfPage } from "./served";

const WAITS_MS = [0, 1000, 4000, 15_000] as const; // from one attempt to the next; the last again and again

/** Let sources be read at `pmtiles://` addresses, once *turn* settles: the day is drawn before what lies under it. Dated
 *  ones are read out of the files of a site, where there is no server, at once. A newsroom's own archive is given up after
 *  the second attempt: there is the build's. */
export function readArchives(turn: Promise<void>): void {
  const files = filesOfPage();
  if (files)
    addProtocol("dated", async ({ url }, { signal }) => ({ data: await (await files).tile(url, signal) }));
  const archives = new Protocol();
  addProtocol("pmtiles", async (asked, aborter) => {
    await turn;
    for (let failures = 0; ; failures++) {
      try {
        return await archives.tile(asked, aborter);
      } catch (error) {
        if (aborter.signal.aborted || (failures && !isOfBuild(asked.url))) throw error;
        if (failures === 1) complain(`${asked.url}: ${String(error)}`);
        const wait = WAITS_MS[Math.min(failures, WAITS_MS.length - 1)];
        if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
        aborter.signal.throwIfAborted();
        archives.tiles.clear();
      }
    }
  });
}
