// What is drawn follows from the roles that the server says, whatever the layers are called.

import assert from "node:assert/strict";
import { test } from "node:test";
import { byRole, offAtFirst, rolesOf, switchable } from "../src/catalogue";

type Answered = Parameters<typeof byRole>[0];

const held = {
  code: "held",
  label: { en: "Held" },
  colour: "#000000",
  colour_dark: "#ffffff",
  pattern: "none" as const,
};
const answered = (vector_layers: Answered["vector_layers"]): Answered =>
  ({
    vector_layers,
    categories: { zones: [held], control: [] },
    category: { zones: "status", control: "owner" },
    time: { newest: { zones: "2024-12-31", line: null, control: "2025-01-01" } },
  }) as unknown as Answered;

test("what the server says by layer is asked for by role", () => {
  const tiles = byRole(
    answered([
      { id: "zones", role: "areas" },
      { id: "line", role: "front" },
      { id: "control", role: "none" },
    ]),
  );
  assert.deepEqual(tiles.layers, { areas: "zones", front: "line" });
  assert.deepEqual(tiles.legend, { areas: [held], front: [] });
  assert.deepEqual(tiles.category, { areas: "status", front: "" });
  assert.deepEqual(tiles.time.newest, { areas: "2024-12-31", front: null });
  assert.deepEqual(rolesOf(["line", "control", "zones"], tiles), ["front", "areas"]);
});

test("of two layers of one role the first is drawn", () => {
  const { layers, legend } = byRole(
    answered([
      { id: "zones", role: "areas" },
      { id: "control", role: "areas" },
    ]),
  );
  assert.deepEqual([layers.areas, legend.areas], ["zones", [held]]);
});

test("of events and overlays every layer is drawn, and overlays are off at first", () => {
  const look = { colour: "#111111", colour_dark: "#eeeeee", pattern: "hatch" as const };
  const tiles = byRole({
    ...answered([
      { id: "footage", role: "events", title: { en: "Footage" } },
      { id: "damage", role: "events", title: { en: "Damage" } },
      { id: "claims", role: "overlay", title: { en: "Claimed" } },
      { id: "drafts", role: "none" },
    ]),
    categories: { footage: [held, held], damage: [held] },
    category: { footage: "side", damage: "kind" },
    looks: { claims: look },
    time: { newest: { footage: "2024-12-31", damage: "2025-01-01", claims: "2022-06-01" } },
  } as unknown as Answered);
  assert.deepEqual(
    tiles.drawn.map(({ name, shape, category }) => [name, shape, category]),
    [
      ["footage", 0, "side"],
      ["damage", 2, "kind"],
      ["claims", 0, ""],
    ],
  );
  assert.deepEqual(tiles.drawn[2]!.legend, [{ code: "", label: { en: "Claimed" }, ...look }]);
  assert.deepEqual([tiles.layers.events, tiles.time.newest.events], ["footage", "2025-01-01"]);
  assert.deepEqual(rolesOf(["damage", "drafts", "claims"], tiles), ["events", "overlay"]);
  assert.deepEqual(
    switchable(tiles).map(({ name }) => name),
    ["footage", "damage", "claims"],
  );
  assert.deepEqual([...offAtFirst(tiles)], ["claims"]);
});
