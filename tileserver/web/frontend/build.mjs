// Build the page into ../static: bundles with a hash in their name, and the pages that load them.

import { fileURLToPath } from "node:url";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { basename } from "node:path";
import { build } from "esbuild";

const OUT = new URL("../static/", import.meta.url);
const BASE = "/static/assets/";
const TOGGLE =
  '<button id="details-toggle" type="button" aria-expanded="false" aria-controls="details"><span></span></button>';
const FIXED = '<p id="fixed" hidden></p>';
const STRIP = `<nav id="strip"><a id="open-full" href="/" target="_blank" rel="noopener"><span></span></a>${TOGGLE}</nav>\n`;

rmSync(new URL("assets/", OUT), { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });

const { metafile } = await build({
  absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
  entryPoints: {
    main: "src/main.ts",
    missing: "src/missing.css",
    worker: "maplibre-gl/dist/maplibre-gl-worker.mjs",
  },
  outdir: fileURLToPath(new URL("assets/", OUT)),
  // The map and its worker share a chunk, as MapLibre ships them: one download for both.
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: false,
  metafile: true,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  loader: { ".svg": "dataurl" },
  legalComments: "linked",
  logLevel: "warning",
});

const outputs = Object.keys(metafile.outputs).map((path) => basename(path));
const named = (start, end) => BASE + outputs.find((name) => name.startsWith(start) && name.endsWith(end));
const values = {
  main: named("main-", ".js"),
  worker: named("worker-", ".js"),
  style: named("main-", ".css"),
  shared: named("chunk-", ".js"),
};
const missing = readFileSync(new URL("missing.html", import.meta.url), "utf8");
writeFileSync(new URL("missing.html", OUT), missing.replace("{{missing}}", named("missing-", ".css"))); // the server fills in the rest
const template = readFileSync(new URL("page.html", import.meta.url), "utf8");
for (const [file, page, card, strip] of [
  ["index.html", "full", TOGGLE, ""],
  ["embed.html", "embed", FIXED, STRIP],
]) {
  const filled = Object.entries({ ...values, page, card, strip }).reduce(
    (text, [name, value]) => text.replaceAll(`{{${name}}}`, value),
    template,
  );
  writeFileSync(new URL(file, OUT), filled);
}

const weigh = (name) => gzipSync(readFileSync(new URL(`assets/${name}`, OUT)), { level: 9 }).length;
const weights = outputs.filter((name) => /\.(js|css)$/.test(name)).map((name) => [name, weigh(name)]);
for (const [name, bytes] of weights) console.log(`${(bytes / 1000).toFixed(1).padStart(7)} kB gzip  ${name}`);
console.log(
  `${(weights.reduce((sum, [, bytes]) => sum + bytes, 0) / 1000).toFixed(1).padStart(7)} kB gzip  in all`,
);
