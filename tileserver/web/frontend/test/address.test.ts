// A link names theatre, day and part of the map; what makes no sense in it counts as not said.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Address, fragmentOf, readLink, type Link, type Place } from "../src/address";
import type { EventChoice } from "../src/event_choice";
import { AS_AT_FIRST } from "../src/switches";

test("what is written is read back, as exactly as a pixel", () => {
  for (const zoom of [2.5, 6.25, 11, 14]) {
    const camera = { zoom, lat: 48.123456, lon: 37.654321 };
    const link = readLink("?theatre=ukraine", fragmentOf({ ...somewhere, camera }, "2023-11-09"));
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
  const compared = { ...somewhere, compare: "2023-10-01" };
  assert.equal(readLink("", fragmentOf(compared, "2023-11-09")).compare, "2023-10-01");
  assert.equal(readLink("", fragmentOf(compared, "")).compare, "");
  assert.equal(readLink("?compare=2023-02-30", "").compare, "");
});

test("a correction is part of the link beside its own day alone", () => {
  const corrected = { ...somewhere, compare: "2023-11-09" as const, known: 12 };
  const link = readLink("", fragmentOf(corrected, "2023-11-09"));
  assert.deepEqual([link.compare, link.known], ["2023-11-09", 12]);
  assert.equal(readLink("", fragmentOf(corrected, "2023-11-10")).known, 0);
  for (const nonsense of ["0", "-1", "1e3", "12x", "9".repeat(16)])
    assert.equal(readLink("", `#at=2023-11-09&known=${nonsense}`).known, 0, nonsense);
});

test("what is switched otherwise than at first is part of the link", () => {
  const switches = { off: ["events", "sides"], on: ["claimed"] };
  const fragment = fragmentOf({ ...somewhere, switches }, "2023-11-09");
  assert.ok(fragment.endsWith("&at=2023-11-09&off=events,sides&on=claimed"), fragment);
  assert.deepEqual(readLink("", fragment).switches, switches);
  assert.deepEqual(readLink("", "#off=,,&on=").switches, { off: [], on: [] });
});

test("the part after # goes before the query", () => {
  assert.equal(readLink("?at=2023-01-01", "#at=2023-02-02").at, "2023-02-02");
  assert.equal(readLink("?at=latest", "").at, "latest");
});

test("an embed's camera, layers and revision may stand in the query, where the server sees them", () => {
  const link = readLink("?map=6.5/48.9/37.2&revision=112&controls=maybe&off=events", "");
  assert.deepEqual(link.camera, { zoom: 6.5, lat: 48.9, lon: 37.2 });
  assert.deepEqual([link.revision, link.controls, link.switches.off], [112, null, ["events"]]);
  assert.equal(readLink("?revision=-1", "").revision, 0);
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

const camera = { zoom: 6, lat: 48.5, lon: 37 };
const events: EventChoice = { window: 7, hidden: new Set(), open: "" };
const somewhere: Place = {
  theatre: "ukraine",
  day: "2023-11-09",
  compare: "",
  known: 0,
  camera,
  switches: AS_AT_FIRST,
  lang: "uk",
  events,
};

function bar(search = ""): {
  address: Address;
  written: string[];
  place: Place;
  clock: { now: number };
  followed: Link[];
  go: (hash: string) => void;
} {
  const written: string[] = [],
    followed: Link[] = [],
    clock = { now: 1000 };
  const place = { ...somewhere };
  const location = { pathname: "/", search, hash: "" };
  let popped = (): void => undefined;
  const write =
    (how: string) =>
    (_data: unknown, _title: string, url?: string | URL | null): void =>
      void written.push(`${how} ${String(url)}`);
  const address = new Address({
    bar: {
      location,
      history: { pushState: write("push"), replaceState: write("replace") },
      addEventListener: (_type, act) => void (popped = act),
    },
    embedded: false,
    now: () => clock.now,
    place: () => place,
    onFollow: (link) => void followed.push(link),
  });
  const go = (hash: string): void => {
    location.hash = hash;
    popped();
  };
  return { address, written, place, clock, followed, go };
}

test("the address names theatre, camera and day, and keeps the rest of the query", () => {
  const { address, written } = bar("?lang=uk&at=2022-01-01");
  address.write("push");
  assert.deepEqual(written, ["push /?lang=uk&theatre=ukraine#map=6/48.50/37.00&at=2023-11-09"]);
});

test("the address changes twice a second at most, and then to what is shown by then", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { address, written, place, clock } = bar();
  address.write("replace");
  for (const day of ["2023-11-10", "2023-11-11", "2023-11-12"]) {
    place.day = day;
    clock.now += 50;
    address.write("replace");
  }
  assert.equal(written.length, 1);
  clock.now += 400;
  context.mock.timers.tick(400);
  assert.deepEqual(written.length, 2);
  assert.match(written[1]!, /^replace .*at=2023-11-12$/);
});

test("a jump is named at once, and what was waiting is not written after it", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { address, written, clock } = bar();
  address.write("replace");
  address.write("replace");
  address.write("push");
  clock.now += 1000;
  context.mock.timers.tick(1000);
  assert.deepEqual(
    written.map((line) => line.split(" ")[0]),
    ["replace", "push"],
  );
});

test("no day on the map is no address", () => {
  const { address, written, place } = bar();
  place.day = "";
  address.write("replace");
  assert.deepEqual(written, []);
});

test("another theatre is an entry of its own, without a day", () => {
  const { address, written } = bar("?theatre=ukraine&lang=en");
  address.choose("western-front");
  assert.deepEqual(written, ["push /?theatre=western-front&lang=en"]);
});

test("an address that was edited is read and followed", () => {
  const { followed, go } = bar("?theatre=ukraine");
  go("#map=6/48/37&at=2023-10-01");
  assert.deepEqual(
    [followed[0]?.theatre, followed[0]?.at, followed[0]?.camera?.zoom],
    ["ukraine", "2023-10-01", 6],
  );
});
