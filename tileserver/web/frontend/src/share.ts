// Sharing what the map shows: a link, and the code of an embed with what an editor decides about it, tried out beside
// the code.

import { cameraText, type Place } from "./address";
import { dayText } from "./days";
import { element } from "./dom";
import { embedCode, embedUrl, pageUrl, type EmbedChoice, type EmbedSize } from "./embed/code";
import { choiceText } from "./event_choice";
import { LANGUAGES, pick, type Say, type Text, type Word } from "./texts";
import type { Tools } from "./tools";

const ICON =
  "M14.5 2.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5M5.5 7.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5M14.5 12.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5M7.8 8.9l4.5-2.6M7.8 11.1l4.5 2.6";
const SETTLE_MS = 500; // after which the preview follows a change
const DONE_MS = 1600; // for which a button shows that it has copied
const WIDTH = 640,
  HEIGHT = 520; // page px, at first
const SIDE = [240, 2000] as const;

/** What there is to share. */
export interface Shared {
  place: Place;
  title: string;
  revision: number; // the newest of the theatre; 0 where a day as known then cannot be asked for
  files: boolean; // whether no server answers, only files
  layers: { name: string; title: Text }[]; // those that a reader can switch
  off: ReadonlySet<string>;
}

/** Add sharing to the tools. */
export function addShare(tools: Tools, language: string, say: Say, shared: () => Shared | null): void {
  const fill = (body: HTMLElement): void => {
    const now = shared();
    body.append(...(now ? new ShareSheet(now, language, say).parts() : [say("nothing")]));
  };
  tools.add({ id: "share", icon: ICON, label: say("share"), key: "s", fill });
}

/** The sheet: what is chosen in its fields becomes the texts to copy. */
class ShareSheet {
  private readonly form = element("form", "share");
  private readonly link = element("input", "", [], { type: "text", readonly: "" });
  private readonly code = element("textarea", "", [], { readonly: "", rows: "5", spellcheck: "false" });
  private readonly preview: HTMLIFrameElement;
  private readonly status = element("p", "small", [], { role: "status" });
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly shared: Shared,
    private readonly language: string,
    private readonly say: Say,
  ) {
    const { day } = shared.place;
    const stays = say("shareStays", { day: dayText(day, language, "short") });
    this.preview = element("iframe", "", [], { title: say("preview"), loading: "lazy" });
    this.link.setAttribute("aria-label", say("shareLink"));
    this.code.setAttribute("aria-label", say("shareCode"));
    this.form.append(
      ...this.copied("shareLink", this.link),
      this.group("shareDate", [
        this.choice("radio", "date", "pinned", stays, true),
        ...(shared.revision ? [this.choice("checkbox", "known", "1", say("shareKnown"), true)] : []),
        this.choice("radio", "date", "latest", say("shareLatest"), false),
      ]),
      this.group("shareDress", [
        this.select("theme", say("shareTheme"), {
          "": say("shareAuto"),
          light: say("shareLight"),
          dark: say("shareDark"),
        }),
        this.select("lang", say("shareLanguage"), { "": say("shareAuto"), ...languages() }),
        this.select("size", say("shareSize"), { "": say("shareWide"), fixed: say("shareFixed") }),
        this.number("width", WIDTH),
        this.number("height", HEIGHT),
        this.choice("checkbox", "controls", "1", say("shareControls"), false),
      ]),
      ...(shared.layers.length ? [this.layers()] : []),
      ...this.copied("shareCode", this.code),
      element("h3", "", [say("preview")]),
      element("div", "preview", [this.preview]),
    );
    this.form.addEventListener("input", () => this.update());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.update();
  }

  parts(): Node[] {
    return [this.form];
  }

  private layers(): HTMLElement {
    const { layers, off } = this.shared;
    const boxes = layers.map(({ name, title }) =>
      this.choice("checkbox", "layer", name, pick(title, this.language) || name, !off.has(name)),
    );
    return this.group("shareLayers", boxes);
  }

  private update(): void {
    const said = new FormData(this.form);
    const isPinned = said.get("date") === "pinned",
      isFixed = said.get("size") === "fixed";
    if (this.shared.revision) this.field("known").disabled = !isPinned;
    this.field("controls").disabled = isPinned && said.get("known") === "1";
    this.field("width").disabled = !isFixed;
    const choice = this.chosen(said, isPinned);
    this.link.value = pageUrl({ ...choice, theme: "" });
    const { title, place } = this.shared;
    const named = isPinned ? `${title}, ${dayText(place.day, choice.lang || this.language)}` : title;
    this.code.value = embedCode(choice, this.size(said, isFixed), named);
    this.status.textContent = "";
    clearTimeout(this.timer);
    const url = embedUrl(choice);
    this.timer = setTimeout(() => {
      if (this.preview.src !== url && this.preview.isConnected) this.preview.src = url;
    }, SETTLE_MS);
  }

  private chosen(said: FormData, isPinned: boolean): EmbedChoice {
    const { place, revision, layers, off } = this.shared;
    const seen = new Set(said.getAll("layer").map(String));
    const isKnown = isPinned && said.get("known") === "1";
    const turned = (on: boolean): string[] =>
      layers.filter(({ name }) => seen.has(name) === on && off.has(name) === on).map(({ name }) => name);
    const { switches } = place;
    return {
      base: new URL("./", location.href).href,
      files: this.shared.files,
      theatre: place.theatre,
      at: isPinned ? place.day : "latest",
      revision: isKnown ? revision : null,
      camera: cameraText(place.camera),
      lang: textOf(said.get("lang")),
      theme: textOf(said.get("theme")),
      controls: !isKnown && said.get("controls") === "1",
      off: [...new Set([...switches.off.filter((name) => !seen.has(name)), ...turned(false)])].sort(),
      on: [...new Set([...switches.on.filter((name) => seen.has(name)), ...turned(true)])].sort(),
      rest: choiceText(place.events).slice(1),
    };
  }

  private size(said: FormData, isFixed: boolean): EmbedSize {
    const within = (name: string, usual: number): number =>
      Math.round(Math.min(SIDE[1], Math.max(SIDE[0], Number(said.get(name)) || usual)));
    return { width: isFixed ? within("width", WIDTH) : null, height: within("height", HEIGHT) };
  }

  /** A text with its heading and the button that copies it. */
  private copied(
    word: "shareLink" | "shareCode",
    text: HTMLInputElement | HTMLTextAreaElement,
  ): HTMLElement[] {
    const button = element("button", "", [this.say("copy")], { type: "button", "data-copies": word });
    button.addEventListener("click", () => void this.copy(text, button));
    return [
      element("h3", "", [this.say(word)]),
      element("div", "copied", [text, button]),
      ...(word === "shareCode" ? [this.status] : []),
    ];
  }

  /** Copy a text; where the browser forbids that, it is selected, so that a key does it. */
  private async copy(text: HTMLInputElement | HTMLTextAreaElement, button: HTMLElement): Promise<void> {
    text.select();
    const done = await (navigator.clipboard?.writeText(text.value) ?? Promise.reject(new Error("none"))).then(
      () => true,
      () => false,
    );
    this.status.textContent = this.say(done ? "copied" : "copyByHand");
    button.classList.toggle("done", done);
    setTimeout(() => button.classList.remove("done"), DONE_MS);
  }

  private group(word: Word, fields: HTMLElement[]): HTMLElement {
    return element("fieldset", "", [element("legend", "", [this.say(word)]), ...fields]);
  }

  private choice(kind: string, name: string, value: string, label: string, on: boolean): HTMLElement {
    const box = element("input", "", [], { type: kind, name, value });
    box.checked = on;
    return element("label", `${kind} ${name}`, [box, element("span", "", [label])]);
  }

  private select(name: string, label: string, options: Record<string, string>): HTMLElement {
    const made = Object.entries(options).map(([value, text]) => element("option", "", [text], { value }));
    return element("label", "field", [element("span", "", [label]), element("select", "", made, { name })]);
  }

  private number(name: "width" | "height", value: number): HTMLElement {
    const [min, max] = SIDE.map(String) as [string, string];
    const box = element("input", "", [], {
      type: "number",
      name,
      min,
      max,
      step: "10",
      value: String(value),
    });
    return element("label", "field", [element("span", "", [this.say(name)]), box]);
  }

  private field(name: string): HTMLInputElement {
    return this.form.querySelector<HTMLInputElement>(`input[name="${name}"]`)!;
  }
}

const textOf = (value: FormDataEntryValue | null): string => (typeof value === "string" ? value : "");

/** Each language under its own name. */
const languages = (): Record<string, string> =>
  Object.fromEntries(
    LANGUAGES.map((code) => [code, new Intl.DisplayNames(code, { type: "language" }).of(code) ?? code]),
  );
