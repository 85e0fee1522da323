// A comparison in words: the net of each side first, with what it was made of; then, folded, from and to whom, and
// apart from that what was only drawn anew.

import type { Theme } from "./basemap";
import type { Category } from "./catalogue";
import type { ComparisonDocument } from "./figures";
import { movedOf, type Moved } from "./comparison_layers";
import { element } from "./dom";
import { kilometres, pick, sumText, type Say } from "./texts";
import { comparisonSwatch } from "./swatches";

/** By what a comparison is told. */
export interface ListOptions {
  categories: Category[];
  theme: Theme;
  language: string;
  say: Say;
}

type Passed = NonNullable<ComparisonDocument["passed"]>[number];

/** The amounts of a comparison in groups, which are told one after the other. */
export interface Groups {
  movement: Moved[];
  marked: Moved[];
  within: Moved[]; // between statuses of one side, which neither gained nor lost by it
  redrawn: number; // km2 of coasts, borders and slivers
}

/** Sort what passed; of a server that does not tell sides, all of it moved. */
export function groupsOf(document: ComparisonDocument): Groups {
  const all = movedOf(document);
  const { passed = [], sides = [] } = document;
  if (!sides.length) return { movement: all, marked: [], within: [], redrawn: 0 };
  const known = new Map(all.map((one) => [`${one.was}>${one.is}`, one.kind]));
  const between = new Set(passed.map(({ from, to }) => `${from}>${to}`));
  const of = (kind: Passed["kind"]): Moved[] =>
    passed
      .filter((one) => one.kind === kind && one.km2 >= 0.05)
      .map(({ from, to, km2 }) => ({ was: from, is: to, km2, kind: known.get(`${from}>${to}`) ?? "other" }))
      .sort((a, b) => b.km2 - a.km2);
  return {
    movement: of("movement"),
    marked: of("marked"),
    within: all.filter(({ was, is }) => !between.has(`${was}>${is}`)),
    redrawn: passed
      .filter(({ kind }) => kind === "outline" || kind === "sliver")
      .reduce((sum, { km2 }) => sum + km2, 0),
  };
}

/** The elements of the list. */
export function comparisonList(document: ComparisonDocument, options: ListOptions): HTMLElement[] {
  const { say, language } = options;
  const groups = groupsOf(document);
  const rows = (moved: Moved[]): HTMLElement =>
    element(
      "ul",
      "",
      moved.map((one) => row(one, options)),
    );
  const every = [...groups.movement, ...groups.marked, ...groups.within];
  if (every.length === 0 && groups.redrawn < 0.05) return [element("p", "none", [say("nothingMoved")])];
  if (!document.sides?.length) return [rows(every)];
  const titled = (word: string, moved: Moved[]): HTMLElement[] =>
    moved.length ? [element("h3", "", [word]), rows(moved)] : [];
  return [
    ...document.sides.map((side) => net(side, options)),
    element("p", "ends", [say("compareEnds")]),
    element("details", "", [
      element("summary", "", [say("compareDetails")]),
      ...(groups.movement.length ? [rows(groups.movement)] : []),
      ...titled(say("gainsContested"), groups.marked),
      ...titled(say("compareWithin"), groups.within),
      ...(groups.redrawn >= 0.05
        ? [element("p", "redrawn", [say("compareRedrawn", { km2: kilometres(groups.redrawn, language) })])]
        : []),
    ]),
  ];
}

/** The net of a side, and how it adds up. */
function net(
  side: NonNullable<ComparisonDocument["sides"]>[number],
  { theme, language, say }: ListOptions,
): HTMLElement {
  const dot = element("i", "dot");
  dot.style.background = theme === "dark" ? side.colour_dark : side.colour;
  const sign = side.net > 0 ? "+" : side.net < 0 ? "−" : "±";
  const [gained, lost, left] = sumText([side.gained, side.lost, side.net], language);
  const sum = `${say("gainsGained")} ${gained} − ${say("gainsLost")} ${lost} = ${left}`;
  return element("div", "net", [
    element("p", "", [
      dot,
      element("span", "pair", [pick(side.title, language)]),
      element("span", "km2", [sign + kilometres(Math.abs(side.net), language)]),
    ]),
    element("p", "sum", [sum]),
  ]);
}

function row(moved: Moved, { categories, theme, language, say }: ListOptions): HTMLElement {
  const named = [moved.was, moved.is].map((code) => statusName(code, categories, language, say)).join(" → ");
  return element("li", "", [
    comparisonSwatch(moved, categories, theme),
    element("span", "pair", [named]),
    element("span", "km2", [kilometres(moved.km2, language)]),
  ]);
}

/** A status in words; where there was none, that. */
export function statusName(code: string, categories: Category[], language: string, say: Say): string {
  const category = categories.find((one) => one.code === code);
  return category ? pick(category.label, language) : code || say("noStatus");
}
