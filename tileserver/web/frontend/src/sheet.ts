// The side sheet: one at a time, beside the map; on a phone from below. It keeps no focus captive, for the map beside
// it stays in use; Escape closes it, and the focus returns to where it came from.

import { byId } from "./dom";
import type { Say } from "./texts";

const FOCUSABLE = "a, button, input, select, textarea, summary";

/** What a sheet holds. */
export interface Leaf {
  id: string;
  title: string;
  /** Fill the empty body; called each time that the sheet opens. */
  fill(body: HTMLElement): void;
  onClose?(): void;
}

/** The page's one side sheet. */
export class Sheet {
  private leaf: Leaf | null = null;
  private cameFrom: Element | null = null;
  private readonly root = byId("sheet");

  constructor(
    say: Say,
    private readonly onTurn: () => void,
  ) {
    const close = byId<HTMLButtonElement>("sheet-close");
    close.setAttribute("aria-label", say("close"));
    close.addEventListener("click", () => this.close());
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      this.close();
    });
  }

  /** The id of what is open; "" where the sheet is closed. */
  get open(): string {
    return this.leaf?.id ?? "";
  }

  /** Show a leaf in place of another, and take the focus to its first field, or to its heading. */
  show(leaf: Leaf): void {
    const body = byId("sheet-body");
    if (this.leaf) this.leaf.onClose?.();
    else this.cameFrom = document.activeElement;
    this.leaf = leaf;
    byId("sheet-title").textContent = leaf.title;
    this.root.dataset["leaf"] = leaf.id;
    this.root.hidden = false;
    body.replaceChildren();
    body.scrollTop = 0;
    leaf.fill(body);
    // Where nothing in the body takes the focus, it takes it itself, so that arrow keys scroll it.
    if (body.querySelector(FOCUSABLE)) body.removeAttribute("tabindex");
    else body.tabIndex = 0;
    document.body.classList.add("sheeted");
    (body.querySelector<HTMLElement>("[data-focus]") ?? byId("sheet-title")).focus({ preventScroll: true });
    this.onTurn();
  }

  close(): void {
    const { leaf, cameFrom } = this;
    if (!leaf) return;
    this.leaf = null;
    const focused = this.root.contains(document.activeElement);
    this.root.hidden = true;
    document.body.classList.remove("sheeted");
    leaf.onClose?.();
    byId("sheet-body").replaceChildren();
    if (focused && cameFrom instanceof HTMLElement && cameFrom.isConnected) cameFrom.focus();
    this.onTurn();
  }
}
