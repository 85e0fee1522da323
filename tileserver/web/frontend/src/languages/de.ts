import gains from "../../../../publish/words/de.json";
import { begin } from "../main";
import words from "../words/de.json";

begin("de", words, gains);
