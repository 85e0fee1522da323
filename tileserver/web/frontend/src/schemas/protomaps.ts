// The style of Protomaps' layers, apart: only a page over such an archive loads it.
export { protomaps as build } from "@versatiles/style/protomaps";
