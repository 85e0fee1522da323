// Keeps the page itself: what it is made of comes from here, with and without a network. The data are kept by the page.

const CACHE = "page-1"; // another number where any of these files is another
const FILES = [
  "./",
  "time-slider.js",
  "node_modules/maplibre-gl/dist/maplibre-gl.css",
  "node_modules/maplibre-gl/dist/maplibre-gl.mjs",
  "node_modules/maplibre-gl/dist/maplibre-gl-shared.mjs",
  "node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs",
  "node_modules/pmtiles/dist/esm/index.js",
  "node_modules/fflate/esm/browser.js",
];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));
});

self.addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => name.startsWith("page-") && name !== CACHE);
  event.waitUntil(caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name)))));
});

self.addEventListener("fetch", (event) => {
  const kept = caches.open(CACHE).then((cache) => cache.match(event.request, { ignoreSearch: true }));
  event.respondWith(kept.then((found) => found ?? fetch(event.request)));
});
