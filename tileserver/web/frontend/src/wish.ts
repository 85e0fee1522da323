// What the reader wishes before there is a map to show it: the day that the time controls are moved to, and the button
// that was pressed last. It is kept until the theatre opens; from then on `timebar.ts` hears the controls.

import { addDays, clampDay, dayOfKey, dayText, daysBetween, isDay, type Day } from "./days";
import { byId } from "./dom";

const STEPS: Record<string, number> = { "previous-day": -1, "next-day": 1 };

let day: Day | "" = "";
let pressed: HTMLElement | null = null;
const hearing = new AbortController();

/** The day that is wished for so far; "" for none. */
export const wished = (): Day | "" => day;

/** Hear the time controls, where the server said their days. A day that the part after `#` names, which the server does
 *  not see, is put onto the slider. */
export function hearWishes(): void {
  const slider = byId<HTMLInputElement>("slider"),
    field = byId<HTMLInputElement>("date-field");
  const { first } = slider.dataset;
  if (!first) return;
  const span = { first, last: addDays(first, Number(slider.max)) };
  const standing = (): Day => addDays(first, Number(slider.value));
  const stand = (at: Day): void => {
    slider.value = String(daysBetween(first, at));
    slider.setAttribute("aria-valuetext", dayText(at, document.documentElement.lang));
  };
  const wish = (at: Day): void => {
    day = clampDay(at, span.first, span.last);
    stand(day);
    if (document.activeElement !== field) field.value = day;
  };
  const { signal } = hearing;
  slider.addEventListener("input", () => wish(standing()), { signal });
  const key = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = dayOfKey(event.key, standing(), span);
    if (!at) return;
    event.preventDefault();
    wish(at);
  };
  slider.addEventListener("keydown", key, { signal });
  const chosen = (): void => {
    if (isDay(field.value)) wish(field.value);
  };
  field.addEventListener("change", chosen, { signal });
  const press = ({ target }: Event): void => {
    const button = target instanceof Element ? target.closest("button") : null;
    const step = STEPS[button?.id ?? ""];
    if (step) wish(addDays(standing(), step));
    else if (button) pressed = button;
  };
  byId("timebar").addEventListener("click", press, { signal });
  const linked = new URLSearchParams(location.hash.slice(1)).get("at") ?? "";
  stand(isDay(linked) ? clampDay(linked, span.first, span.last) : standing());
}

/** The day that is wished for, "" for none, and hear no more; a button that was pressed is pressed again once that day
 *  is shown. */
export function takeWish(): Day | "" {
  hearing.abort();
  const taken = day;
  day = "";
  if (pressed) pressWhenReady(pressed);
  pressed = null;
  return taken;
}

function pressWhenReady(button: HTMLElement): void {
  const root = document.documentElement;
  const watch = new MutationObserver(() => {
    if (root.dataset["state"] !== "ready") return;
    watch.disconnect();
    button.click();
  });
  watch.observe(root, { attributes: true, attributeFilter: ["data-state"] });
}
