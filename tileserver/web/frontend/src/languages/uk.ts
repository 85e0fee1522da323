import gains from "../../../../publish/words/uk.json";
import { begin } from "../main";
import words from "../words/uk.json";

begin("uk", words, gains);
