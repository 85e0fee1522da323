// Start the page: the reader's map and the embed are the same code in different dress. What is here is small, so that it
// runs while MapLibre and the page's parts are on their way.

import { readLink, type Link } from "./address";
import { readAhead } from "./ahead";
import { byId } from "./dom";
import type { GainsWords } from "./gains";
import { ask } from "./served";
import { speaker, type Words } from "./texts";
import { wished } from "./wish";

const RETRY_MS = 4000; // after which scripts that a network lost are asked for again

/** Begin in a language: that of the page, for the server chose both. */
export function begin(language: string, words: Words, gains: GainsWords): void {
  const say = speaker(words);
  const link = linkOf();
  const ahead = readAhead(link);
  import("./app").then(
    ({ startPage }) =>
      startPage(link, { language, say, gains }, ahead).catch((error: unknown) => {
        console.warn("map:", error);
        sayWhyNot(say);
      }),
    (error: unknown) => {
      console.warn("map:", error);
      document.documentElement.dataset["state"] = "error";
      byId("hint").textContent = say("offline");
      byId("hint").hidden = false;
      reload();
    },
  );
}

/** A module that failed once is never asked for again, so the page is, once the server answers. */
function reload(): void {
  setTimeout(() => {
    ask("tilesets").then(() => location.reload(), reload);
  }, RETRY_MS);
}

/** What is asked for. In an embed, the picture before the map says where it looks; the reader may have gone to another
 *  day meanwhile. */
function linkOf(): Link {
  const asked = readLink(location.search, location.hash);
  const wish = wished();
  const seen = document.body.classList.contains("embed") ? stillImage()?.currentSrc : "";
  return {
    ...asked,
    camera: asked.camera ?? (seen ? readLink(new URL(seen).search, "").camera : null),
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
