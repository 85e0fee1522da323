// Tools open one sheet, take turns in it, act at once where they have none, and leave the reader's typing alone.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { byId } from "../src/dom";
import { isPlain, Tools } from "../src/tools";
import { openPage, textIn } from "./dom";
import { sayIn } from "./spoken";

const heard: string[] = [];
let tools: Tools;

beforeEach(() => {
  const { defaultView } = openPage();
  Object.assign(globalThis, { Element: defaultView!.Element, HTMLElement: defaultView!.HTMLElement });
  heard.length = 0;
  tools = new Tools(sayIn("en"));
  for (const id of ["list", "share"])
    tools.add({
      id,
      icon: "M0 0",
      label: `The ${id}`,
      key: id[0]!,
      fill: (body) => body.append(`filled by ${id}`),
      onClose: () => heard.push(`${id} closed`),
    });
  tools.add({ id: "now", icon: "M0 0", label: "Now", key: "n", act: () => heard.push("acted") });
});

const press = (id: string): void => byId(`tool-${id}`).click();

test("a tool opens the sheet, and its button closes it again", () => {
  press("list");
  assert.deepEqual(
    [byId("sheet").hidden, textIn("sheet-title"), textIn("sheet-body")],
    [false, "The list", "filled by list"],
  );
  assert.equal(byId("tool-list").getAttribute("aria-expanded"), "true");
  press("list");
  assert.deepEqual([byId("sheet").hidden, tools.sheet.open, heard], [true, "", ["list closed"]]);
  assert.equal(byId("tool-list").getAttribute("aria-expanded"), "false");
});

test("another tool takes the sheet over, and the first is told", () => {
  press("list");
  press("share");
  assert.deepEqual([textIn("sheet-body"), heard], ["filled by share", ["list closed"]]);
});

test("a tool without a sheet acts, and opens none", () => {
  press("now");
  assert.deepEqual([heard, byId("sheet").hidden], [["acted"], true]);
});

test("where buttons have no room, one lists all by name", () => {
  byId("tools-more").click();
  assert.equal(textIn("sheet-body"), "The listThe shareNow");
  byId("sheet-body").querySelectorAll("button")[1]!.click();
  assert.equal(textIn("sheet-body"), "filled by share");
});

test("a letter that is typed, or a shortcut of the browser's, is no wish", () => {
  const plain = { altKey: false, ctrlKey: false, metaKey: false, defaultPrevented: false };
  const field = document.createElement("input");
  const wish = (given: object): boolean =>
    isPlain({ ...plain, target: document.body, ...given } as unknown as KeyboardEvent);
  assert.deepEqual([wish({}), wish({ target: field }), wish({ ctrlKey: true })], [true, false, false]);
});
