// Start the page: the reader's map and the embed are the same code in different dress.

import "./style.css";
import { startPage } from "./app";
import { byId } from "./dom";
import { groundOf } from "./ground";
import { readLink } from "./address";
import { chooseLanguage, speaker } from "./texts";

const link = readLink(location.search, location.hash);
const language = chooseLanguage(link.lang, navigator.languages);
const say = speaker(language);
document.documentElement.lang = language;

function sayWhyNot(error: unknown): void {
  console.warn("map:", error);
  document.documentElement.dataset["state"] = "error";
  const message = byId("failure");
  message.hidden = false;
  message.textContent = say("noWebgl");
}

void groundOf(document.documentElement)
  .then((ground) => startPage(link, language, say, ground))
  .catch(sayWhyNot);
