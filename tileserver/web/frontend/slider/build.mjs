// Build the time slider for other people's maps: one module, for npm in dist/ and served under static/slider/.

import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const MODULE = "time-slider.js";
const WORDS = JSON.parse(readFileSync(join(HERE, "words.json"), "utf8"));

// Of the page's words those of the slider, and its style sheet as a text without white space.
const small = {
  name: "small",
  setup(plugged) {
    plugged.onLoad({ filter: /words[/\\]\w+\.json$/ }, ({ path }) => {
      const all = JSON.parse(readFileSync(path, "utf8"));
      return {
        contents: JSON.stringify(Object.fromEntries(WORDS.map((word) => [word, all[word]]))),
        loader: "json",
      };
    });
    plugged.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { outputFiles } = await build({ entryPoints: [path], bundle: true, minify: true, write: false });
      return { contents: outputFiles[0].text, loader: "text" };
    });
  },
};

/** Build the module into `out`, a folder, and into the package's own; return its name. */
export async function buildSlider(out) {
  await build({
    absWorkingDir: HERE,
    entryPoints: { "time-slider": "src/index.ts" },
    outdir: join(HERE, "dist"),
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    charset: "utf8",
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
    plugins: [small],
    logLevel: "warning",
  });
  mkdirSync(out, { recursive: true });
  copyFileSync(join(HERE, "dist", MODULE), join(out, MODULE));
  return MODULE;
}
