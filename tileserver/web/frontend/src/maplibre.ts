// What the page uses of MapLibre, as a chunk of its own: what is not named here is left out of the build.

export {
  LngLat,
  Map,
  Marker,
  MercatorCoordinate,
  NavigationControl,
  Popup,
  ScaleControl,
  addProtocol,
  getGlobalDispatcher,
  setWorkerUrl,
} from "maplibre-gl";
