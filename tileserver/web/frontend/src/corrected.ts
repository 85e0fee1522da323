// What a reader is told of a correction: an embed of one day as it was known when an article was published, and a map
// that was open when its day was corrected, say so under the date, and lead to what changed.

import type { Day } from "./days";
import { byId, element } from "./dom";
import { ask } from "./served";
import type { Say } from "./texts";

const MEANWHILE = "corrected-meanwhile";

interface Corrections {
  corrections: { revision: number; links: { page: string } }[]; // the newest first; links from where they lie
}

/** Say in *where* that a day was corrected after a revision, where that is so. */
async function tell(
  where: HTMLElement,
  theatre: string,
  day: Day,
  revision: number,
  say: Say,
): Promise<void> {
  const name = encodeURIComponent(theatre);
  const answer = await ask(`corrections/${name}.json?datetime=${day}&known=${revision}`);
  if (!answer.ok) return;
  const { corrections } = (await answer.json()) as Corrections;
  const [newest] = corrections;
  if (!newest) return;
  const href = `corrections/${newest.links.page}`;
  const link = element("a", "", [say("correctedHow")], { href, target: "_blank", rel: "noopener" });
  where.classList.add("corrected");
  where.replaceChildren(say("correctedSince"), " ", link);
}

/** Say it in an embed of one day, in place of that the embed does not change. */
export const tellCorrected = (theatre: string, day: Day, revision: number, say: Say): Promise<void> =>
  tell(byId("fixed"), theatre, day, revision, say);

/** Say it on a map that was open meanwhile. */
export function tellMeanwhile(theatre: string, day: Day, revision: number, say: Say): Promise<void> {
  forgetMeanwhile();
  const line = element("p", "", [], { id: MEANWHILE, role: "status" });
  byId("dateline").after(line);
  return tell(line, theatre, day, revision, say);
}

/** Another day is on the map, of which nothing was said. */
export const forgetMeanwhile = (): void => document.getElementById(MEANWHILE)?.remove();
