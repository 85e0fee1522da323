// What the first day is drawn from is asked for while the map's own scripts are on their way: the documents of the
// theatre, the notes, the tiles that the page is going to see, and the worker that reads them. A guess that turns out
// wrong, as on a page that the reader makes smaller meanwhile, costs a request; nothing waits for any of it.

import type { Link } from "./address";
import { cameraOn, clearOf, tilesSeen } from "./camera";
import { askForNotes } from "./notes";
import { daysOf, periodIndex } from "./periods";
import { openingOf, readOpening, type OpenTheatre, type Opened } from "./theatre";

/** Read the theatre that a link names, and ask for what its first day needs. */
export function readAhead(link: Link): Promise<Opened> {
  const { worker = "", centre = "" } = document.documentElement.dataset;
  ask(worker);
  const reading = readOpening(link.theatre, null);
  const embedded = document.body.classList.contains("embed"); // which may be of one day, and has a picture meanwhile
  reading.then(
    ({ open }) => !embedded && askFor(open, link, centre),
    () => undefined, // who waits for it hears of it
  );
  return reading;
}

function askFor(open: OpenTheatre, link: Link, centre: string): void {
  const { tiles, theatre } = open;
  const { history } = tiles.time;
  const { day } = openingOf(open, link.at);
  const index = periodIndex(history.periods, day);
  const period = history.periods[index];
  if (!period) return;
  const { notes } = tiles.layers;
  if (notes !== undefined) askForNotes(theatre.tileset, notes, ...daysOf(tiles.time, index));
  if (!tiles.tiles) return; // tiles of archives, of which nobody but their reader knows where they begin
  const { clientWidth, clientHeight } = document.documentElement;
  const camera = link.camera ?? cameraOn(centre ? centre.split(",").map(Number) : theatre.centre, clearOf());
  for (const { z, x, y } of tilesSeen(camera, clientWidth, clientHeight, tiles))
    ask(
      history.tiles
        .replace("{period}", period.id)
        .replace("{z}", String(z))
        .replace("{x}", String(x))
        .replace("{y}", String(y)),
    );
}

/** Have an answer in the browser's cache, where the worker finds it. */
function ask(url: string): void {
  fetch(url).then(
    (answer) => answer.arrayBuffer(),
    () => undefined,
  );
}
