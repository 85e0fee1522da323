// Start the page: the reader's map and the embed are the same code in different dress.

import { startPage } from "./app";
import { byId } from "./dom";
import { readLink, type Link } from "./address";
import { groundOf } from "./ground";
import { chooseLanguage, speaker } from "./texts";

const root = document.documentElement;
const asked = readLink(location.search, location.hash);
// In an embed: the picture before the map, which says where it looks, and the day that the reader went to meanwhile.
const still = document.querySelector<HTMLImageElement>("#still img");
const { wish } = root.dataset;
const link: Link = {
  ...asked,
  camera: asked.camera ?? (still?.currentSrc ? readLink(new URL(still.currentSrc).search, "").camera : null),
  ...(wish ? { at: wish, controls: true } : {}),
};
const language = chooseLanguage(link.lang, navigator.languages);
const say = speaker(language);
root.lang = language;

function sayWhyNot(error: unknown): void {
  console.warn("map:", error);
  root.dataset["state"] = "error";
  const message = byId("failure");
  document.body.classList.toggle("no-controls", still !== null); // the picture stays, without what needs the map
  message.hidden = false;
  message.textContent = say(still ? "noWebglStill" : "noWebgl");
}

void groundOf(document.documentElement)
  .then((ground) => startPage(link, language, say, ground))
  .catch(sayWhyNot);
