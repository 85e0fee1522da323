// Build the page into ../static: bundles with a hash in their name, the pages that load them, and both packed.

import { fileURLToPath } from "node:url";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { build } from "esbuild";
import { buildGlyphs } from "./glyphs.mjs";
import { pack } from "./pack.mjs";
import { buildSlider } from "./slider/build.mjs";

const OUT = new URL("../static/", import.meta.url);
const BASE = "static/assets/"; // of the pages, wherever a proxy puts them
const LANGUAGES = ["en", "uk", "ru", "de", "fr"];
const toggle = (word) =>
  `<button id="details-toggle" type="button" aria-expanded="false" aria-controls="details"><span>{{say:${word}}}</span></button>`;
const STYLE = '<link rel="stylesheet" href="{{style}}">';
const UNSCRIPTED = "<figcaption>[[title]]. {{say:noScript}}</figcaption>";
// What the two pages differ in; `[[...]]` is left to the server, which knows the link.
const PAGES = {
  index: {
    page: "full",
    begins: "opening",
    start: ' data-ahead="{{ahead}}" data-entry="{{words}}"',
    load: `{{preloads}}
<script type="module" async src="{{opening}}"></script>
<link rel="stylesheet" href="{{mapStyle}}">
${STYLE}
[[ahead]]`,
    still: "[[still]]",
    noscript: `<noscript><figure id="unscripted">[[source]]${UNSCRIPTED}</figure></noscript>`,
    card: toggle("details"),
    strip: "",
  },
  // An embed loads the map when it is looked at or touched: facade.ts.
  embed: {
    page: "embed",
    begins: "facade",
    start:
      ' data-style="{{mapStyle}}" data-ahead="{{ahead}}" data-entry="{{words}}" data-away="{{say:away}}"',
    load: `{{preloads}}\n${STYLE}\n<script type="module" src="{{facade}}"></script>`,
    still: "[[still]]",
    noscript: '<noscript><p id="unscripted">{{say:noScript}}</p></noscript>',
    card: '<p id="fixed"[[unfixed]]>{{say:fixed}}</p>',
    strip: `<nav id="strip"><a id="open-full" href="[[out]]" target="_blank" rel="noopener"><span>{{say:openFull}}</span></a>${toggle("legend")}</nav>\n`,
  },
};

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

for (const folder of ["assets/", "pages/"]) rmSync(new URL(folder, OUT), { recursive: true, force: true });
mkdirSync(new URL("pages/", OUT), { recursive: true });

const { metafile } = await build({
  absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
  entryPoints: {
    ...Object.fromEntries(LANGUAGES.map((language) => [`words-${language}`, `src/languages/${language}.ts`])),
    facade: "src/facade.ts",
    maplibre: "src/maplibre.ts",
    opening: "src/opening.ts",
    style: "src/style.css",
    "map-style": "maplibre-gl/dist/maplibre-gl.css",
    missing: "src/missing.css",
    text: "src/text.css",
    try: "src/developers/try.ts",
    worker: "src/worker.ts",
  },
  outdir: fileURLToPath(new URL("assets/", OUT)),
  // MapLibre is apart from our own code, so that a release of ours is a small download; and the map shares a
  // chunk with its worker, as MapLibre ships them. A page begins with the words of its language, which load our code.
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
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

// What articles load has no hash in its name, and is no module, so that any script tag will do.
await build({
  absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
  entryPoints: ["src/embed/embed.ts"],
  outfile: fileURLToPath(new URL("embed.js", OUT)),
  bundle: true,
  format: "iife",
  target: "es2022",
  minify: true,
  logLevel: "warning",
});

// What a page of static files asks instead of a server, and what chooses its language: apart, so that no other page's
// scripts are cut otherwise because of them.
const { metafile: ofFiles } = await build({
  absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
  entryPoints: { files: "src/site/site.ts", language: "src/site/language.ts" },
  outdir: fileURLToPath(new URL("assets/", OUT)),
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  metafile: true,
  entryNames: "[name]-[hash]",
  logLevel: "warning",
});

// The maps of the desk's page: with the same MapLibre, and apart like the above.
const besideMapLibre = {
  name: "beside-maplibre",
  setup(plugged) {
    const path = `./${Object.keys(metafile.outputs)
      .map((output) => basename(output))
      .find((name) => name.startsWith("maplibre-") && name.endsWith(".js"))}`;
    plugged.onResolve({ filter: /^\.{1,2}\/maplibre$/ }, () => ({ path, external: true }));
  },
};
const { metafile: ofDesk } = await build({
  absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
  entryPoints: { desk: "src/desk/report.ts" },
  outdir: fileURLToPath(new URL("assets/", OUT)),
  bundle: true,
  format: "esm",
  splitting: true, // what draws an archive of the newsroom's own is read where there is one
  target: "es2022",
  charset: "utf8",
  minify: true,
  metafile: true,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  plugins: [besideMapLibre],
  logLevel: "warning",
});

await buildGlyphs();
const slider = await buildSlider(fileURLToPath(new URL("slider/", OUT)));

const outputs = Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]);
const named = (start, end) =>
  BASE + outputs.find(([name]) => name.startsWith(start) && name.endsWith(end))?.[0];
const importsOf = Object.fromEntries(
  outputs.map(([name, { imports }]) => [
    name,
    imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => basename(path)),
  ]),
);
/** A script with all that it imports before it runs, the deepest first: what a browser would find one after the other. */
const withImports = (name) => [...new Set([...importsOf[name].flatMap(withImports), name])];
const bytesOf = Object.fromEntries(outputs.map(([name, { bytes }]) => [name, bytes]));
const app = basename(named("app-", ".js")); // what the entry loads once it runs
const values = {
  worker: named("worker-", ".js"),
  facade: named("facade-", ".js"),
  opening: named("opening-", ".js"),
  style: named("style-", ".css"),
  mapStyle: named("map-style-", ".css"),
};
// The server fills in the rest of these.
for (const name of ["missing", "text"]) {
  const page = readFileSync(new URL(`${name}.html`, import.meta.url), "utf8");
  writeFileSync(new URL(`${name}.html`, OUT), page.replace(`{{${name}}}`, named(`${name}-`, ".css")));
}
// The page for developers is a page of text with forms, which a script makes.
const ofText = readFileSync(new URL("text.html", OUT), "utf8");
const forms = `<script type="module" src="../${named("try-", ".js")}"></script>`;
writeFileSync(new URL("developers.html", OUT), ofText.replace("[[head]]", forms));
const template = readFileSync(new URL("page.html", import.meta.url), "utf8");
const fill = (text, filled) => text.replace(/\{\{(\w+)\}\}/g, (whole, name) => filled[name] ?? whole);
const words = Object.fromEntries(LANGUAGES.map((language) => [language, wordsOf(language)]));
for (const [name, parts] of Object.entries(PAGES)) {
  const page = fill(fill(template, parts), values);
  for (const [language, { said }] of Object.entries(words)) {
    const entry = named(`words-${language}-`, ".js");
    // The largest first: a browser asks for six at a time, and what is small does not wait for long.
    const needed = [...new Set([...withImports(app), ...withImports(basename(entry))])]
      .toSorted((one, other) => bytesOf[other] - bytesOf[one])
      .map((file) => BASE + file);
    const begun = withImports(basename(values[parts.begins])).map((file) => BASE + file);
    const preloads = begun.slice(0, -1).map((url) => `<link rel="modulepreload" href="${url}">`);
    const ahead = needed.filter((url) => !begun.includes(url));
    const started = fill(page, { words: entry, preloads: preloads.join("\n"), ahead: ahead.join(" ") });
    const worded = started.replace(/\{\{say:(\w+)\}\}/g, (_, word) => escaped(said[word]));
    writeFileSync(new URL(`pages/${name}.${language}.html`, OUT), worded);
  }
}
writeFileSync(new URL("words.json", OUT), JSON.stringify(words)); // for what the server says itself
const filesScripts = Object.keys({ ...ofFiles.outputs, ...ofDesk.outputs }).map((path) => basename(path));
const script = (start) => BASE + filesScripts.find((name) => name.startsWith(start));
writeFileSync(
  new URL("site.json", OUT), // for pages of static files
  JSON.stringify({ files: script("files-"), language: script("language-") }),
);

writeFileSync(
  new URL("desk.json", OUT), // for the desk's pages
  JSON.stringify({ script: script("desk-"), worker: values.worker, style: values.mapStyle }),
);

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/** The words of a language, and the form of a date in each month: "{d} November {y}". */
function wordsOf(language) {
  const said = JSON.parse(readFileSync(new URL(`src/words/${language}.json`, import.meta.url), "utf8"));
  const format = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, {
    day: "numeric",
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  });
  const places = { day: "{d}", year: "{y}" };
  const months = Array.from(
    { length: 12 },
    (_, month) =>
      format
        .formatToParts(Date.UTC(2001, month, 5))
        .map(({ type, value }) => places[type] ?? value)
        .join("")
        .replace(/\s[рг]\.$/, ""), // as src/days.ts writes a day
  );
  return { months, said };
}

const weights = pack(fileURLToPath(OUT), [
  "embed.js",
  `slider/${slider}`,
  ...[...outputs.map(([name]) => name), ...filesScripts]
    .filter((name) => /\.(js|css)$/.test(name))
    .map((name) => `assets/${name}`),
]);
for (const [name, bytes] of weights) console.log(`${(bytes / 1000).toFixed(1).padStart(7)} kB br  ${name}`);
