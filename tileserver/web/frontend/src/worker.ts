// MapLibre's worker, with lines of the front turned before it reads them (see `facing.ts`). It takes tiles from `fetch`
// alone; what goes through here untouched are all other answers, errors, and what ends a request early.

// oxlint-disable-next-line import/no-unassigned-import -- the worker starts by being imported
import "maplibre-gl/dist/maplibre-gl-worker.mjs";
import { faced } from "./facing";
import { facingOf } from "./facing_url";

const fetched = globalThis.fetch;

globalThis.fetch = async (input, init) => {
  const answer = await fetched(input, init);
  const facing = facingOf(input instanceof Request ? input.url : String(input));
  if (!facing || answer.status !== 200) return answer;
  const turned = faced(new Uint8Array(await answer.arrayBuffer()), facing);
  return new Response(turned as Uint8Array<ArrayBuffer>, { status: 200, headers: answer.headers });
};
