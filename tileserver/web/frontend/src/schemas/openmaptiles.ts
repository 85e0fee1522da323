// The style of OpenMapTiles' layers, apart: only a page over such an archive loads it.
export { omt as build } from "@versatiles/style/omt";
