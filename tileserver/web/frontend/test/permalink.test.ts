// A link names theatre, day and part of the map; what makes no sense in it counts as not said.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fragmentOf, readLink } from "../src/permalink";

test("what is written is read back, as exactly as a pixel", () => {
  for (const zoom of [2.5, 6.25, 11, 14]) {
    const camera = { zoom, lat: 48.123456, lon: 37.654321 };
    const link = readLink("?theatre=ukraine", fragmentOf(camera, "2023-11-09"));
    const pixel = 360 / (512 * 2 ** zoom);
    assert.equal(link.at, "2023-11-09");
    assert.equal(link.theatre, "ukraine");
    assert.ok(
      link.camera &&
        Math.abs(link.camera.lat - camera.lat) <= pixel &&
        Math.abs(link.camera.lon - camera.lon) <= pixel,
    );
  }
});

test("a comparison is part of the link, and only beside a day", () => {
  const camera = { zoom: 6, lat: 48, lon: 37 };
  assert.equal(readLink("", fragmentOf(camera, "2023-11-09", "2023-10-01")).compare, "2023-10-01");
  assert.equal(readLink("", fragmentOf(camera, "", "2023-10-01")).compare, "");
  assert.equal(readLink("?compare=2023-02-30", "").compare, "");
});

test("the part after # goes before the query", () => {
  assert.equal(readLink("?at=2023-01-01", "#at=2023-02-02").at, "2023-02-02");
  assert.equal(readLink("?at=latest", "").at, "latest");
});

test("nonsense is as good as nothing", () => {
  for (const hash of [
    "#map=6/99/37",
    "#map=a/b/c",
    "#map=6/48",
    "#map=//",
    "#map=6/48/200",
    "#at=2023-02-30",
    "#%%%",
  ]) {
    const link = readLink("?theme=pink", hash);
    assert.equal(link.at, "", hash);
    assert.equal(link.theme, "auto");
    if (hash.startsWith("#map")) assert.equal(link.camera, null, hash);
  }
});
