// The event that a link names is read alone, by its key, and where it is not told the reader hears why.

import assert from "node:assert/strict";
import { test } from "node:test";
import { linkElsewhere, readLink } from "../src/address";
import type { EventContext } from "../src/event_tool";
import { eventsUrl, type ListedEvent } from "../src/events";
import { LinkedEvent, whyAway } from "../src/linked_event";

const battles = { name: "battles" } as EventContext["layers"][number];
const place = { lon: 37, lat: 48 };
const siege: ListedEvent = {
  layer: "battles",
  id: 5,
  from: "2023-11-01",
  to: "2023-11-03",
  properties: { kind: "siege" },
  ...place,
};
const on: EventContext = {
  theatre: "toy",
  every: [battles],
  layers: [battles],
  day: "2023-11-09",
  choice: { window: 7, hidden: new Set(), open: "battles.5" },
  theme: "light",
};

test("an event is told from its first day until its window ends, and else the reader hears why not", () => {
  const why = (day: string, choice: Partial<EventContext["choice"]> = {}, layers = on.layers) =>
    whyAway(siege, { ...on, day, layers, choice: { ...on.choice, ...choice } });
  assert.equal(why("2023-11-01"), null);
  assert.equal(why("2023-11-09"), null, "six days after its last one");
  assert.equal(why("2023-11-10"), "linkedAway");
  assert.equal(why("2023-10-31"), "linkedAway");
  assert.equal(why("2024-05-01", { window: Infinity }), null);
  assert.equal(why("2023-11-09", { window: 1 }), "linkedAway");
  assert.equal(why("2023-11-03", { hidden: new Set(["battles.kind.siege"]) }), "linkedHidden");
  assert.equal(why("2023-11-03", {}, []), "linkedHidden", "its layer is off");
  assert.equal(whyAway(null, on), "linkedNone");
});

test("it is asked for once, of its own layer and of all days, and never of a layer that is not there", async () => {
  const asked: unknown[] = [];
  globalThis.fetch = (url) => {
    asked.push(url);
    return Promise.resolve(Response.json({ total: 1, days: [], events: [siege] }));
  };
  const linked = new LinkedEvent();
  assert.deepEqual(await linked.read(on), siege);
  assert.deepEqual(await linked.read({ ...on, day: "2023-12-01" }), siege);
  assert.deepEqual(asked, ["tilesets/toy.battles/events.json?datetime=../..&limit=1&event=battles.5"]);
  assert.deepEqual([linked.isNews(), linked.isNews()], [true, false]);
  const elsewhere = { ...on, choice: { ...on.choice, open: "nowhere.5" } };
  assert.equal(await linked.read(elsewhere), null);
  assert.equal(asked.length, 1);
  const all = {
    theatre: "toy",
    layers: [battles],
    first: null,
    last: null,
    hidden: new Set<string>(),
    limit: 1,
  };
  assert.ok(!eventsUrl(all).includes("event="));
});

test("a link to another theatre names no event of the one that it leaves", () => {
  const link = readLink("?theatre=toy", "#days=30&event=battles.5");
  assert.deepEqual(linkElsewhere(link, "crowd").events, { ...link.events, open: "" });
  assert.equal(link.events.open, "battles.5");
});
