// Recent gains: the land that changed hands within a few days before the shown day, strongly, and within many days,
// palely; by the side that gained it. Drawn once a day has stood for a while, out of the comparisons that the server has
// of it with the days before, and gone in the moment that another day comes: what is drawn is always of the shown day.

import type { ExpressionSpecification, Map as MapLibre } from "maplibre-gl";
import type { Follower, Stand } from "./afterwards";
import { FIRST_WATER } from "./basemap";
import { type TileJson } from "./catalogue";
import { readPassed, type Passed } from "./figures";
import { comparisonImage } from "./comparison_layers";
import { complain } from "./complain";
import { addDays, daysBetween, type Day } from "./days";
import { numberFormat } from "./formats";
import { gainersOf, gainOf, RECENT_DAYS, RECENT_LOOKS, type Gainer } from "./gainers";
import type { Legend } from "./legend";
import { whole } from "./loading";
import { FrontCells } from "./near_front";
import { colourOf } from "./style_layers";
import { kilometres } from "./texts";
import { turn } from "./turns";

const FADE_MS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 250;
const RETRY_MS = [4000, 60_000] as const; // after which a busy server is asked again: at first, and in the end
const OUTLINE_KM2 = 25; // no strip along an outline is larger
const OPACITY = { fill: "fill-layer-opacity", line: "line-layer-opacity" } as const;

interface Placed {
  id: string;
  type: "fill" | "line";
  opacity: number;
}

/** The days between which gains are recent, the many before the few; none of which not all is known at their begin,
 *  or nothing. */
export function recentSpans(day: Day, first: Day, newest: Day): { from: Day; age: number }[] {
  return RECENT_DAYS.map((days, age) => ({ from: addDays(day, -days), age }))
    .filter(({ from }) => from >= first && from < newest)
    .toReversed();
}

/** Where recent gains are drawn and told, and who hears that they are missing, though they should be there, or no more. */
export interface RecentOptions {
  map: MapLibre;
  legend: Legend;
  language: string;
  shownSource: () => string;
  onMissing: (missing: boolean) => void;
}

/** The gains that are on the map; none while the shown day is new, two days are compared, or they are off. */
export class RecentGains implements Follower {
  private count = 0;
  private sources: string[] = [];
  private placed: Placed[] = [];
  private seen = false;
  private stand: Stand | null = null;
  private again: (error: unknown) => void = () => undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private readonly map: MapLibre;
  private readonly legend: Legend;

  constructor(private readonly options: RecentOptions) {
    this.map = options.map;
    this.legend = options.legend;
    this.map.on("moveend", () => this.lookAgain());
  }

  private lookAgain(): void {
    const { stand } = this;
    if (!stand || !this.seen) return;
    const own = this.sources;
    const isCurrent = (): boolean => this.seen && own === this.sources;
    void Promise.all(own.map((source) => whole(this.map, source, isCurrent))).then(
      () => isCurrent() && this.leaveOut(stand.tiles),
      (error: unknown) => isCurrent() && this.again(error), // half of the gains would pass for all
    );
  }

  leave(): void {
    clearTimeout(this.retry);
    this.options.onMissing(false);
    if (this.seen) this.paint(false);
    this.legend.tell("recent", null);
  }

  /** Let go of layers that the map has lost already. */
  abandon(): void {
    this.sources = [];
    this.placed = [];
    this.seen = false;
  }

  /** Draw the gains; where they cannot be had, say so and ask again, for as long as the day stands. */
  async follow(stand: Stand, isCurrent: () => boolean, wait: number = RETRY_MS[0]): Promise<void> {
    this.again = (error) => {
      if (!isCurrent()) return;
      complain(error);
      this.remove();
      this.legend.tell("recent", null);
      this.options.onMissing(true);
      clearTimeout(this.retry);
      const next = Math.min(2 * wait, RETRY_MS[1]);
      this.retry = setTimeout(() => isCurrent() && void this.follow(stand, isCurrent, next), wait);
    };
    try {
      await this.draw(stand, isCurrent);
    } catch (error) {
      this.again(error);
    }
  }

  private async draw(stand: Stand, isCurrent: () => boolean): Promise<void> {
    this.remove();
    this.stand = stand;
    const { day, tiles, off, compared, firstOfAreas } = stand;
    const { changes, newest } = tiles.time;
    const gainers = gainersOf(tiles);
    if (!changes || !newest.areas || !firstOfAreas || compared || off.has("recent") || !gainers.length)
      return;
    const spans = recentSpans(day, firstOfAreas, newest.areas);
    const own = this.sources;
    const isOwn = (): boolean => isCurrent() && own === this.sources;
    const arrivals: Promise<void>[] = [];
    for (const { from, age } of spans) {
      const arrival = whole(this.map, this.add(changes.tiles, from, age, stand, gainers), isOwn);
      arrival.catch(() => undefined); // awaited below, where it may have failed by then
      arrivals.push(arrival);
      await turn();
      if (!isOwn()) return;
    }
    const first = spans[0]?.from;
    if (!first) return;
    const figures = tiles.time.gains
      ? readPassed(tiles.time.gains, addDays(first, 1), day).catch(complain) // the land is drawn without them, too
      : null;
    await Promise.all(arrivals);
    await turn(); // out of the frame in which the last of them was drawn
    if (!isOwn()) return;
    this.leaveOut(tiles);
    this.paint(true);
    this.options.onMissing(false);
    this.legend.nameRecent(spans.map(({ age }) => RECENT_DAYS[age]!).toReversed());
    const passed = await figures; // which a server that has just begun works out for long
    if (passed && isOwn()) this.legend.tell("recent", this.amounts(passed, spans, stand, gainers));
  }

  private amounts(
    passed: Passed[],
    spans: { from: Day }[],
    { day }: Stand,
    gainers: readonly Gainer[],
  ): Map<string, string> {
    const gained = ({ category }: Gainer, from: Day): number =>
      passed
        .filter(({ to, day: on }) => to === category.side && daysBetween(from, on) > 0 && on <= day)
        .reduce((sum, { km2 }) => sum + km2, 0);
    const text = (one: Gainer): string => {
      const km2 = spans.toReversed().map(({ from }) => gained(one, from));
      const plain = numberFormat(this.options.language, {
        maximumFractionDigits: Math.min(...km2) < 10 ? 1 : 0,
      });
      return km2
        .map((own, i) => (i < km2.length - 1 ? plain.format(own) : kilometres(own, this.options.language)))
        .join(" · ");
    };
    return new Map(gainers.map((one) => [one.kind, text(one)]));
  }

  /** Leave undrawn what comes and goes far from the front without a status: an outline that was drawn anew. */
  private leaveOut({ layers }: TileJson): void {
    const { areas, front } = layers;
    const shown = this.options.shownSource();
    if (!areas || !front || !shown) return;
    const near = new FrontCells(this.map.querySourceFeatures(shown, { sourceLayer: front, validate: false }));
    for (const source of this.sources)
      for (const piece of this.map.querySourceFeatures(source, { sourceLayer: areas, validate: false })) {
        const { was, is, km2 } = piece.properties as { was?: string; is?: string; km2?: number };
        if ((was && is) || Number(km2) > OUTLINE_KM2 || near.has(piece)) continue;
        this.map.setFeatureState({ source, sourceLayer: areas, id: piece.id! }, { far: true });
      }
  }

  private add(template: string, from: Day, age: number, stand: Stand, gainers: readonly Gainer[]): string {
    const { tiles, day } = stand;
    const source = `recent-${age}-${++this.count}`;
    const { minzoom, maxzoom, bounds } = tiles;
    const url = template.replace("{from}", from).replace("{to}", day);
    this.map.addSource(source, { type: "vector", tiles: [url], minzoom, maxzoom, bounds });
    this.sources.push(source);
    for (const each of layersOf(source, age, stand, gainers)) {
      this.map.addLayer(each.layer, FIRST_WATER);
      this.placed.push({ id: each.layer.id, type: each.layer.type, opacity: each.opacity });
    }
    return source;
  }

  private paint(seen: boolean): void {
    this.seen = seen;
    for (const { id, type, opacity } of this.placed) {
      const property = OPACITY[type];
      const fade = { duration: seen ? FADE_MS : 0, delay: 0 };
      this.map.setPaintProperty(id, `${property}-transition` as "fill-layer-opacity", fade as never);
      this.map.setPaintProperty(id, property as "fill-layer-opacity", seen ? opacity : 0);
    }
  }

  private remove(): void {
    for (const { id } of this.placed) this.map.removeLayer(id);
    for (const source of this.sources) this.map.removeSource(source);
    this.abandon();
  }
}

type Drawn = Extract<Parameters<MapLibre["addLayer"]>[0], { type: "fill" | "line"; source: string }>;

function layersOf(
  source: string,
  age: number,
  { tiles, theme }: Stand,
  gainers: readonly Gainer[],
): { layer: Drawn; opacity: number }[] {
  const look = RECENT_LOOKS[age === 0 ? 0 : 1];
  const categories = tiles.legend.areas ?? [];
  const codes = ["", ...categories.map(({ code }) => code)];
  const ways = (kind: Gainer["kind"]): string[] =>
    codes.flatMap((was) =>
      codes.flatMap((is) => (gainOf(was, is, gainers, categories) === kind ? [`${was}>${is}`] : [])),
    );
  const way: ExpressionSpecification = [
    "concat",
    ["coalesce", ["get", "was"], ""],
    ">",
    ["coalesce", ["get", "is"], ""],
  ];
  const byKind = (value: (one: Gainer) => string): ExpressionSpecification =>
    [
      "match",
      way,
      ...gainers.flatMap((one) => [ways(one.kind), value(one)]),
      value(gainers[0]!),
    ] as unknown as ExpressionSpecification;
  const colour = byKind(({ category }) => colourOf(category, theme));
  const images = byKind(({ kind, category }) => comparisonImage(kind, colourOf(category, theme)));
  const filter = [
    "in",
    way,
    ["literal", gainers.flatMap(({ kind }) => ways(kind))],
  ] as ExpressionSpecification;
  const near: ExpressionSpecification = ["case", ["boolean", ["feature-state", "far"], false], 0, 1];
  const layer = (id: string, type: "fill" | "line", paint: object): Drawn =>
    ({
      id: `${source}-${id}`,
      type,
      source,
      "source-layer": tiles.layers.areas,
      filter,
      paint: { [OPACITY[type]]: 0, [`${type}-opacity`]: near, ...paint },
    }) as Drawn;
  return [
    { layer: layer("colour", "fill", { "fill-color": colour, "fill-antialias": false }), opacity: look.fill },
    {
      layer: layer("pattern", "fill", { "fill-pattern": images, "fill-antialias": false }),
      opacity: look.pattern,
    },
    {
      layer: layer("edge", "line", {
        "line-color": colour,
        "line-width": ["interpolate", ["linear"], ["zoom"], 5, look.width + 0.6, 9, look.width],
      }),
      opacity: 1,
    },
  ];
}
