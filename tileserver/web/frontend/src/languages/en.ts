import gains from "../../../../publish/words/en.json";
import { begin } from "../main";
import words from "../words/en.json";

begin("en", words, gains);
