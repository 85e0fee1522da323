// The tools at the edge of the map: a column of buttons, or one button that lists them where there is little room.
// Each opens the side sheet or acts at once; each may have a key.

import { byId, element } from "./dom";
import { Sheet, type Leaf } from "./sheet";
import type { Say } from "./texts";

/** A tool of the reader's. It either fills the sheet or acts at once. */
export interface Tool {
  id: string;
  /** A path of an icon of 20 by 20, drawn as a line. */
  icon: string;
  label: string;
  key: string;
  /** Fill the sheet's empty body; absent where the tool acts. */
  fill?(body: HTMLElement): void;
  onClose?(): void;
  act?(): void;
  /** Whether it is on, for a tool that stays on. */
  isOn?(): boolean;
}

const SVG = "http://www.w3.org/2000/svg";
const MORE = "M4 10h.01M10 10h.01M16 10h.01";

function iconOf(path: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg"),
    line = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Whether a key is the reader's wish, and not a letter of a text or a shortcut of the browser's. */
export function isPlain(event: KeyboardEvent): boolean {
  if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return false;
  const typed = "input:not([type=range], [type=checkbox], [type=radio]), select, textarea, [contenteditable]";
  return !(event.target instanceof Element && event.target.closest(typed));
}

/** The tools, their buttons and keys, and the sheet that they share. */
export class Tools {
  readonly sheet: Sheet;
  private readonly tools: Tool[] = [];
  private readonly buttons = new Map<string, HTMLButtonElement>();
  private readonly root = byId("tools");
  private readonly more: HTMLButtonElement;

  constructor(private readonly say: Say) {
    this.sheet = new Sheet(say, () => this.report());
    this.root.setAttribute("aria-label", say("tools"));
    this.more = this.button("tools-more", MORE, say("tools"), () => this.list());
    this.root.append(this.more);
    document.addEventListener("keydown", (event) => this.key(event));
  }

  /** Every tool, in the order of their buttons. */
  get all(): readonly Tool[] {
    return this.tools;
  }

  /** Add a tool below those that are there. */
  add(tool: Tool): void {
    const button = this.button(`tool-${tool.id}`, tool.icon, tool.label, () => this.use(tool));
    button.title = `${tool.label} (${tool.key})`;
    button.setAttribute("aria-keyshortcuts", tool.key);
    this.tools.push(tool);
    this.buttons.set(tool.id, button);
    this.more.before(button);
    this.report();
  }

  /** Open a tool's sheet, or close it where it is open; or let the tool act. */
  use(tool: Tool): void {
    if (tool.act) {
      if (this.sheet.open === "tools") this.sheet.close();
      tool.act();
      this.report();
    } else if (this.sheet.open === tool.id) this.sheet.close();
    else this.sheet.show(leafOf(tool));
  }

  /** Say anew which tools are on. */
  report(): void {
    for (const tool of this.tools) {
      const on = tool.isOn?.() ?? this.sheet.open === tool.id;
      this.buttons.get(tool.id)?.setAttribute(tool.act ? "aria-pressed" : "aria-expanded", String(on));
    }
    this.more.setAttribute("aria-expanded", String(this.sheet.open !== ""));
  }

  private button(id: string, icon: string, label: string, act: () => void): HTMLButtonElement {
    const button = element("button", "tool", [iconOf(icon)], { id, type: "button", "aria-label": label });
    button.addEventListener("click", act);
    return button;
  }

  /** All tools by name, where their buttons have no room. */
  private list(): void {
    if (this.sheet.open) {
      this.sheet.close();
      return;
    }
    const row = (tool: Tool): HTMLElement => {
      const button = element("button", "tool-row", [iconOf(tool.icon), tool.label], { type: "button" });
      button.addEventListener("click", () => this.use(tool));
      return element("li", "", [button]);
    };
    const fill = (body: HTMLElement): void => body.append(element("ul", "", this.tools.map(row)));
    this.sheet.show({ id: "tools", title: this.say("tools"), fill });
  }

  private key(event: KeyboardEvent): void {
    if (!isPlain(event) || document.body.classList.contains("embed")) return;
    const tool = this.tools.find(({ key }) => key === event.key);
    if (!tool) return;
    event.preventDefault();
    this.use(tool);
  }
}

const leafOf = (tool: Tool): Leaf => ({
  id: tool.id,
  title: tool.label,
  fill: (body) => tool.fill?.(body),
  onClose: () => tool.onClose?.(),
});
