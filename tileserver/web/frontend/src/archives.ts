// Archives of the base map in MapLibre: a part that a network lost is asked for once more. MapLibre asks for no tile of a
// source again by itself, and pmtiles keeps a header or directory that failed for as long as the page lives.

import { Protocol } from "pmtiles";
import { addProtocol } from "./maplibre";
import { filesOfPage } from "./served";

/** Let sources be read at `pmtiles://` addresses, once *turn* settles: the day is drawn before what lies under it. Dated
 *  ones are read out of the files of a site, where there is no server, at once. */
export function readArchives(turn: Promise<void>): void {
  const files = filesOfPage();
  if (files)
    addProtocol("dated", async ({ url }, { signal }) => ({ data: await (await files).tile(url, signal) }));
  const archives = new Protocol();
  addProtocol("pmtiles", async (asked, aborter) => {
    await turn;
    try {
      return await archives.tile(asked, aborter);
    } catch (error) {
      if (aborter.signal.aborted) throw error;
      archives.tiles.clear();
      return archives.tile(asked, aborter);
    }
  });
}
