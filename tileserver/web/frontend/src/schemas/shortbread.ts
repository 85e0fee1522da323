// The style of Shortbread's layers, apart: only a page over such an archive loads it.
export { osm as build } from "@versatiles/style";
