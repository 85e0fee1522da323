// Notes come in the order in which a reader wants them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { askForNotes, inOrder, readNotes, type Note } from "../src/notes";

const note = (direction: string, lat: number, from?: string, to?: string): Note => ({
  id: 1,
  lon: 36,
  lat,
  properties: { direction, from, to },
});
const names = (notes: Note[]): unknown[] => notes.map(({ properties }) => properties["direction"]);

test("the note on the whole front comes first, then its parts from north to south", () => {
  const notes = [
    note("south", 47.4, "2023-11-09", "2023-11-12"),
    note("north", 49.7, "2023-11-09", "2023-11-12"),
    note("whole", 49.0, "2023-11-06", "2023-11-12"),
    note("middle", 48.5, "2023-11-09", "2023-11-12"),
  ];
  assert.deepEqual(names(inOrder(notes)), ["whole", "north", "middle", "south"]);
});

test("a note without a period stands among the short ones", () => {
  assert.deepEqual(names(inOrder([note("bare", 50), note("week", 47, "2023-11-06", "2023-11-12")])), [
    "week",
    "bare",
  ]);
});

test("notes that were asked for ahead are asked for once, and again by whoever reads them later", async () => {
  const asked: string[] = [];
  const fetched = globalThis.fetch;
  globalThis.fetch = (url) => {
    asked.push(url instanceof Request ? url.url : url.toString());
    return Promise.resolve(new Response(new ArrayBuffer(0)));
  };
  try {
    askForNotes("t", "notes", "2023-10-20", "2023-11-09");
    assert.deepEqual(await readNotes("t", "notes", "2023-10-20", "2023-11-09"), []);
    assert.deepEqual(
      asked.map((url) => url.split("=")[1]),
      ["2023-10-20/2023-10-31", "2023-11-01/2023-11-09"],
    );
    await readNotes("t", "notes", "2023-10-20", "2023-11-09");
    assert.equal(asked.length, 4);
  } finally {
    globalThis.fetch = fetched;
  }
});
