// When the public part of the map last changed, how late it is on purpose, and the ways to its method and corrections.

import { hoursOf } from "./ages";
import type { TileJson } from "./catalogue";
import { hoursText, instantText } from "./days";
import { byId, element } from "./dom";
import { textPage } from "./served";
import type { Say } from "./texts";

/** "Updated 27 Nov 2026, 14:05 GMT+2; shown 48 hours late on purpose.", and of a copy in files when that was made; empty
 *  while nothing is public. */
export function updatedText(
  {
    updated,
    embargo,
    day_zone,
    published,
  }: Pick<TileJson["time"], "updated" | "embargo" | "day_zone" | "published">,
  language: string,
  say: Say,
): string {
  if (!updated) return "";
  const instant = (text: string): string => instantText(Date.parse(text), language, day_zone);
  const hours = hoursOf(embargo),
    when = instant(updated);
  const late = hours
    ? say("updatedLate", { when, hours: hoursText(hours, language) })
    : say("updated", { when });
  return published ? `${late} ${say("published", { when: instant(published) })}` : late;
}

/** Tell it below the notice; addresses are relative, for a proxy may show the page below a path. */
export function fillUpdated(theatre: string, { time }: TileJson, language: string, say: Say): void {
  const out = (page: "method" | "corrections"): HTMLElement =>
    element("a", "", [say(page)], {
      href: textPage(page, theatre, language),
      target: "_blank",
      rel: "noopener",
    });
  byId("updated").replaceChildren(
    element("span", "", [updatedText(time, language, say)]),
    out("method"),
    out("corrections"),
  );
}
