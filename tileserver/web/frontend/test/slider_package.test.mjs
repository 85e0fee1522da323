// The slider as npm and the server hand it out.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { buildSlider } from "../slider/build.mjs";

const MOST = 12_500; // bytes, compressed
const folder = new URL("../slider/", import.meta.url);
const declared = JSON.parse(readFileSync(new URL("package.json", folder), "utf8"));

test("the slider weighs at most 12.5 kB, imports nothing, and is the same for npm and for a page", async () => {
  const out = mkdtempSync(join(tmpdir(), "time-slider-"));
  const module = readFileSync(join(out, await buildSlider(out)));
  rmSync(out, { recursive: true });
  assert.ok(brotliCompressSync(module).length <= MOST, "brotli");
  assert.ok(gzipSync(module, { level: 9 }).length <= MOST, "gzip");
  assert.doesNotMatch(module.toString(), /\bimport\b/);
  assert.deepEqual(readFileSync(new URL(declared.exports["."].default, folder)), module);
});

test("every file that the package names is there, and MapLibre is all that it needs", () => {
  const { exports, files, main, types } = declared;
  for (const file of [...files, main, types, exports["."].types, "README.md", "LICENSE"])
    assert.ok(readFileSync(new URL(file, folder)).length > 0, file);
  assert.deepEqual(
    [Object.keys(declared.peerDependencies), declared.dependencies],
    [["maplibre-gl"], undefined],
  );
  assert.equal(
    readFileSync(new URL("LICENSE", folder), "utf8"),
    readFileSync(fileURLToPath(new URL("../../../../LICENSE", folder)), "utf8"),
  );
});
