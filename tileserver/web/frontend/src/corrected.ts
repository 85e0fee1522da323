// An embed of one day as it was known when an article was published: it says so where the day was corrected since, and
// leads to what changed.

import type { Day } from "./days";
import { byId, element } from "./dom";
import { ask } from "./served";
import type { Say } from "./texts";

interface Corrections {
  corrections: { revision: number; links: { page: string } }[]; // the newest first; links from where they lie
}

/** Say under the date that a day was corrected after a revision, where that is so. */
export async function tellCorrected(theatre: string, day: Day, revision: number, say: Say): Promise<void> {
  const name = encodeURIComponent(theatre);
  const answer = await ask(`corrections/${name}.json?datetime=${day}&known=${revision}`);
  if (!answer.ok) return;
  const { corrections } = (await answer.json()) as Corrections;
  const [newest] = corrections;
  if (!newest) return;
  const href = `corrections/${newest.links.page}`;
  const link = element("a", "", [say("correctedHow")], { href, target: "_blank", rel: "noopener" });
  const fixed = byId("fixed");
  fixed.classList.add("corrected");
  fixed.replaceChildren(say("correctedSince"), " ", link);
}
