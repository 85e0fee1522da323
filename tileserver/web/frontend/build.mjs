// Build the page into ../static: bundles with a hash in their name, the pages that load them, and both packed.

import { fileURLToPath } from "node:url";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { build } from "esbuild";
import { pack } from "./pack.mjs";

const OUT = new URL("../static/", import.meta.url);
const BASE = "static/assets/"; // of the pages, wherever a proxy puts them
const TOGGLE =
  '<button id="details-toggle" type="button" aria-expanded="false" aria-controls="details"><span></span></button>';
const FIXED = '<p id="fixed" hidden></p>';
const STRIP = `<nav id="strip"><a id="open-full" href="./" target="_blank" rel="noopener"><span></span></a>${TOGGLE}</nav>\n`;

// MapLibre says of its modules that importing them does nothing. Its worker starts by that alone.
const startingWorker = {
  name: "starting-worker",
  setup(plugged) {
    plugged.onResolve(
      { filter: /maplibre-gl-worker\.mjs$/ },
      async ({ path, kind, resolveDir, pluginData }) =>
        pluginData
          ? undefined
          : { ...(await plugged.resolve(path, { kind, resolveDir, pluginData: true })), sideEffects: true },
    );
  },
};

rmSync(new URL("assets/", OUT), { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });

const { metafile } = await build({
  absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
  entryPoints: {
    main: "src/main.ts",
    maplibre: "src/maplibre.ts",
    missing: "src/missing.css",
    text: "src/text.css",
    worker: "src/worker.ts",
  },
  outdir: fileURLToPath(new URL("assets/", OUT)),
  // MapLibre is apart from our own code, so that a release of ours is a small download; and the map shares a
  // chunk with its worker, as MapLibre ships them.
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: false,
  metafile: true,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  plugins: [startingWorker],
  loader: { ".svg": "dataurl" },
  legalComments: "linked",
  logLevel: "warning",
});

const outputs = Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]);
const named = (start, end) =>
  BASE + outputs.find(([name]) => name.startsWith(start) && name.endsWith(end))?.[0];
const chunkOf = (module) =>
  BASE +
  outputs.find(([, { inputs }]) =>
    Object.entries(inputs).some(([path, { bytesInOutput }]) => path.endsWith(module) && bytesInOutput),
  )?.[0];
const values = {
  main: named("main-", ".js"),
  worker: named("worker-", ".js"),
  style: named("main-", ".css"),
  map: chunkOf("/maplibre-gl.mjs"),
  shared: chunkOf("/maplibre-gl-shared.mjs"),
};
// The server fills in the rest of these.
for (const name of ["missing", "text"]) {
  const page = readFileSync(new URL(`${name}.html`, import.meta.url), "utf8");
  writeFileSync(new URL(`${name}.html`, OUT), page.replace(`{{${name}}}`, named(`${name}-`, ".css")));
}
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

const weights = pack(fileURLToPath(OUT), [
  "index.html",
  "embed.html",
  ...outputs.map(([name]) => `assets/${name}`).filter((name) => /\.(js|css)$/.test(name)),
]);
for (const [name, bytes] of weights) console.log(`${(bytes / 1000).toFixed(1).padStart(7)} kB br  ${name}`);
