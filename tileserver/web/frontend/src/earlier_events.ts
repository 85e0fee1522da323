// The events before a period, or before a single day, whose marks are still on the map: those of the earlier periods
// that the window reaches into, from the same tiles as any other day's; for all so far, and for a day that is not left,
// from tiles of the window, which count what is too much for points, where there are tiles of dates.

import type { Map as MapLibre } from "maplibre-gl";
import type { DrawnLayer, Role } from "./catalogue";
import { addDays, type Day } from "./days";
import { hiddenIn } from "./event_choice";
import { AGES, firstDayOf } from "./event_window";
import { DATED, PeriodLayers, type Tiles } from "./period_layers";
import { dayNumber, type DayNumber, type Period } from "./periods";
import type { TheatreView } from "./periods_on_map";
import type { Look } from "./style_parts";

let count = 0;

/** The earlier periods that a window of this many days reaches into from the first day of the one at *index*, from the
 *  newest on. */
export function periodsBefore(periods: readonly Period[], index: number, window: number): Period[] {
  const first = periods[index]?.first ?? 0;
  return periods.filter(({ end }, i) => i < index && end > first - (window - 1)).toReversed();
}

/** Sources of earlier events with their style layers; they are seen and hidden with the period they belong to. */
export class EarlierEvents {
  private constructor(private readonly parts: PeriodLayers[]) {}

  /** Load what the window of *day* needs of the days before its period; null where it reaches no further back. */
  static of(
    map: MapLibre,
    view: TheatreView,
    index: number,
    day: Day,
    below: string,
    onHole: () => void,
  ): EarlierEvents | null {
    const look: Look = { ...view.look, drawn: view.look.drawn.filter(({ role }) => role === "events") };
    const part = (tiles: Tiles, baseDay: DayNumber | null): PeriodLayers => {
      const traits = { directions: [], baseDay, age: EARLIER };
      return new PeriodLayers(map, `${DATED}earlier-${++count}`, tiles, look, traits, onHole, { below });
    };
    const { history, first_day } = view.tiles.time;
    const period = view.steady ? undefined : history.periods[index];
    const before = period?.first_day ?? day;
    const first = firstDayOf(day, look.window);
    if (before <= first_day || (first !== null && first >= before)) return null;
    if (period && (look.window !== Infinity || !view.tiles.tiles))
      return new EarlierEvents(
        periodsBefore(history.periods, index, look.window).map(({ id }) =>
          part({ ...view.tiles, url: history.tiles.replace("{period}", id) }, dayNumber(day)),
        ),
      );
    return new EarlierEvents([
      part({ ...view.tiles, url: windowUrl(view, look, first, addDays(before, -1)) }, null),
    ]);
  }

  /** The ids of the style layers that draw a role. */
  layerIds(role: Role): string[] {
    return this.parts.flatMap((part) => part.layerIds(role));
  }

  /** Make the events seen that are in the window of a day; those whose tiles are on their way follow. */
  reveal(day: DayNumber): void {
    for (const part of this.parts) part.reveal(day);
  }

  /** Make the events unseen. */
  hide(): void {
    for (const part of this.parts) part.hide();
  }

  /** Take the events off the map. */
  remove(): void {
    for (const part of this.parts) part.remove();
  }

  /** Let go of what the map has lost already. */
  abandon(): void {
    for (const part of this.parts) part.abandon();
  }
}

const EARLIER = AGES.length - 2; // of events whose tiles say no days

/** The tiles of a window; their counts leave out what is hidden. */
function windowUrl({ tileset, tiles }: TheatreView, look: Look, first: Day | null, last: Day): string {
  const names = look.drawn.map(({ name }) => `${tileset}.${name}`).join(",");
  const chosen = look.drawn.map((layer) => selection(layer, look.hidden));
  const [template = ""] = tiles.tiles ?? [];
  const url = template.replace(`/tiles/${tileset}/`, `/tiles/${names}/`);
  return `${url}?datetime=${first ?? ".."}/${last}${[...new Set(chosen)].join("")}`;
}

/** The categories of a layer that are left, as a parameter; nothing where that is all of them, or none. */
function selection({ name, category, legend }: DrawnLayer, hidden: ReadonlySet<string>): string {
  const without = hiddenIn(hidden, name).get(category) ?? [];
  const left = legend.filter(({ code }) => !without.includes(code)).map(({ code }) => code);
  return without.length && left.length ? `&${category}=${left.join(",")}` : "";
}
