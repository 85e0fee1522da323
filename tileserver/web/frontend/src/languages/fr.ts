import gains from "../../../../publish/words/fr.json";
import { begin } from "../main";
import words from "../words/fr.json";

begin("fr", words, gains);
