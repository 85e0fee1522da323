import assert from "node:assert/strict";
import { test } from "node:test";
import type { DrawnLayer } from "../src/catalogue";
import { events } from "../src/event_layers";

const layer = { name: "events", role: "events", legend: [], category: "", shape: 0 } as unknown as DrawnLayer;

test("marks of few events are larger from afar, and those of earlier days as clear as near by", () => {
  const look = { theme: "light" as const, drawn: [layer], window: 7, hidden: new Set<string>() };
  const traits = { directions: [], baseDay: 1 };
  const [marks, hollow] = events("day", layer, { ...look, fewEvents: true }, traits);
  const of = (property: unknown): unknown[] => property as unknown[];
  const sizes = of((marks!.layer.layout as Record<string, unknown>)["icon-size"]);
  assert.equal(of(sizes[4]).at(-1), 0.9);
  assert.equal(of(marks!.layer.paint!["icon-opacity" as keyof object])[0], "case"); // whatever the zoom
  assert.equal(of(hollow!.layer.paint!["circle-radius" as keyof object])[4], 2.3 * 0.9);
});

test("from afar marks are small, and those of earlier days fainter", () => {
  const look = { theme: "light" as const, drawn: [layer], window: 7, hidden: new Set<string>() };
  const [marks] = events("day", layer, look, { directions: [], baseDay: 1 });
  const { layout, paint } = marks!.layer as {
    layout: Record<string, unknown>;
    paint: Record<string, unknown>;
  };
  const sizes = layout["icon-size"] as [string, string[], string[], number, unknown[], number, unknown[]];
  const [, , , z4, far, z6, near] = sizes;
  assert.deepEqual([z4, far.at(-1), z6, near.at(-1)], [4, 0.42, 6, 0.66]);
  const opacity = paint["icon-opacity"] as unknown[];
  const shares = (at: number): number[] =>
    ((opacity[at] as unknown[])[2] as number[]).filter((_, i) => i >= 2 && i % 2 === 0);
  assert.equal(shares(4)[0], 1, "of the day itself");
  assert.ok(
    shares(4)
      .slice(1)
      .every((share, i) => share < shares(6)[i + 1]!),
  );
});
