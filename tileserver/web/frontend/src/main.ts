// Start the page: the reader's map and the embed are the same code in different dress.

import { startPage } from "./app";
import { byId } from "./dom";
import { readLink, type Link } from "./address";
import type { GainsWords } from "./gains";
import { groundOf } from "./ground";
import { speaker, type Words } from "./texts";

/** Begin in a language: that of the page, for the server chose both. */
export function begin(language: string, words: Words, gains: GainsWords): void {
  const say = speaker(words);
  void groundOf(document.documentElement)
    .then((ground) => startPage(linkOf(), { language, say, gains }, ground))
    .catch((error: unknown) => {
      console.warn("map:", error);
      sayWhyNot(say);
    });
}

/** What is asked for. In an embed, the picture before the map says where it looks, and the reader may have gone to
 *  another day meanwhile. */
function linkOf(): Link {
  const asked = readLink(location.search, location.hash);
  const { wish } = document.documentElement.dataset;
  const still = stillImage();
  return {
    ...asked,
    camera:
      asked.camera ?? (still?.currentSrc ? readLink(new URL(still.currentSrc).search, "").camera : null),
    ...(wish ? { at: wish, controls: true } : {}),
  };
}

const stillImage = (): HTMLImageElement | null => document.querySelector<HTMLImageElement>("#still img");

function sayWhyNot(say: ReturnType<typeof speaker>): void {
  document.documentElement.dataset["state"] = "error";
  const still = stillImage();
  const message = byId("failure");
  document.body.classList.toggle("no-controls", still !== null); // the picture stays, without what needs the map
  message.hidden = false;
  message.textContent = say(still ? "noWebglStill" : "noWebgl");
}
