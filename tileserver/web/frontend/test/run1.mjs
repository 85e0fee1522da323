// Bundle the TypeScript tests and run all tests with Node's own runner.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = mkdtempSync(join(tmpdir(), "tileserver-frontend-"));
const named = (end) =>
  readdirSync(here)
    .filter((name) => name.endsWith(end))
    .map((name) => join(here, name));

await build({
  entryPoints: named("slider.test.ts").concat(named("periods_on_map.test.ts")),
  outdir: out,
  bundle: true,
  platform: "node",
  format: "esm",
  outExtension: { ".js": ".mjs" },
  logLevel: "warning",
});
const bundled = readdirSync(out).map((name) => join(out, name));
const { status } = spawnSync(process.execPath, ["--test", ...bundled, ...named("slider_package.test.mjs")], {
  stdio: "inherit",
});
rmSync(out, { recursive: true });
process.exit(status ?? 1);
