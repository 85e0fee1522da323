// The help: every key that does something, those of the tools included.

import { element } from "./dom";
import type { Say, Word } from "./texts";
import type { Tools } from "./tools";

const ICON =
  "M7 7.5a3 3 0 1 1 4.2 2.7c-.8.4-1.2.9-1.2 1.8M10 15h.01M10 1.8a8.2 8.2 0 1 1 0 16.4 8.2 8.2 0 0 1 0-16.4";
const KEYS: [string[], Word][] = [
  [["←", "→"], "keyDay"],
  [["PgUp", "PgDn"], "keyMonth"],
  [["Home", "End"], "keyEnds"],
  [["␣"], "keyPlay"],
  [["+", "−"], "keyZoom"],
  [["↵"], "keyMiddle"],
  [["Esc"], "keyClose"],
];

/** Add the help to the tools, as their last one. */
export function addHelp(tools: Tools, say: Say): void {
  const row = (keys: string[], text: string): HTMLElement[] => [
    element(
      "dt",
      "",
      keys.map((key) => element("kbd", "", [key])),
    ),
    element("dd", "", [text]),
  ];
  const fill = (body: HTMLElement): void =>
    body.append(
      element("dl", "keys", [
        ...KEYS.flatMap(([keys, word]) => row(keys, say(word))),
        ...tools.all.flatMap(({ key, label }) => row([key], label)),
      ]),
      element("p", "small", [say("helpHow")]),
    );
  tools.add({ id: "help", icon: ICON, label: say("help"), key: "?", fill });
}
