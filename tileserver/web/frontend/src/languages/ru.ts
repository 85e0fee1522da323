import gains from "../../../../publish/words/ru.json";
import { begin } from "../main";
import words from "../words/ru.json";

begin("ru", words, gains);
