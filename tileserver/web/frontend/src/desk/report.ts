// Entry of the desk's pages with maps: each picture that brings its data becomes a map. Without WebGL the pictures stay.

import { useBuildAt } from "../basemap";
import { groundOf } from "../ground";
import type { LiveMap } from "./change_style";
import { LiveFigure, prepare } from "./live";

const { dataset } = document.documentElement;
const figures = document.querySelectorAll<HTMLElement>("figure[data-map]");

if (figures.length && document.createElement("canvas").getContext("webgl2")) {
  useBuildAt(dataset["built"] ?? "");
  prepare(dataset["worker"] ?? "");
  const ground = await groundOf(document.documentElement);
  for (const figure of figures)
    new LiveFigure(figure, JSON.parse(figure.dataset["map"] ?? "") as LiveMap, ground).begin();
}
