// What a page of static files asks instead of a server. It asks at a server's addresses; the answer is the file that the
// site names for the address, or is worked out from such files. Everything that the site names has a name of its own
// bytes, so a page that has read the list has one publication and no mixture of two.

import { PMTiles } from "pmtiles";
import type { Answered } from "../catalogue";
import type { EventsDocument, ListedEvent } from "../events";
import { faced } from "../facing";
import { facingOf } from "../facing_url";
import type { Files } from "../served";
import { documentOf, listingOf, piecesOf, type Piece } from "./listing";

/** The list of a site: by address of a server the file that answers, and the pieces of events by theatre. */
interface Site {
  files: Record<string, string>;
  events: Record<string, Piece[]>;
}

const HOME = new URL("./", location.href).href;
const LIST = "site.json";
const SCHEME = "dated://"; // of tiles, before the address of their archive
const TILE = /^dated:\/\/(.+)\/(\d+)\/(\d+)\/(\d+)(?:#|$)/;

let site: Promise<Site> | null = null;
const begun = new Set<string>(); // tilesets that were read from this list
const pieces = new Map<string, Promise<ListedEvent[]>>();
const archives = new Map<string, PMTiles>();

/** The list; once more where a tileset is asked for a second time, for then something that it named is gone. */
function list(again = ""): Promise<Site> {
  if (begun.has(again)) {
    site = null;
    begun.clear();
  }
  if (again) begun.add(again);
  site ??= fetch(LIST).then((found) => json<Site>(found));
  site.catch(() => (site = null));
  return site;
}

async function json<T>(found: Response): Promise<T> {
  if (!found.ok) throw new Error(`${found.url}: ${found.status}`);
  return (await found.json()) as T;
}

const said = (document: unknown): Response => Response.json(document);

async function answer(url: string, signal: AbortSignal | null): Promise<Response> {
  const asked = new URL(url, HOME);
  const address = decodeURIComponent(asked.href.slice(HOME.length));
  const [path = ""] = address.split("?");
  const [, kind, name = "", last] =
    /^(tilesets|corrections)\/([^/]+?)(\/\w+\.json|\.json)?$/.exec(path) ?? [];
  if (kind === "tilesets" && !last) return tileset(name);
  if (last === "/events.json") return said(await events(name, asked.searchParams));
  if (last === "/km2.json") return measured(path, asked.searchParams.get("datetime") ?? "");
  if (kind === "corrections") return corrected(path, asked.searchParams);
  return file(await list(), address, signal);
}

const file = (there: Site, address: string, signal: AbortSignal | null = null): Promise<Response> => {
  const found = there.files[address];
  return found ? fetch(found, { signal }) : Promise.resolve(new Response(null, { status: 404 }));
};

/** The document of a tileset, whose history lies in archives. */
async function tileset(name: string): Promise<Response> {
  const found = await file(await list(name), `tilesets/${name}`);
  if (!found.ok) return found;
  const document = await json<Answered>(found);
  const { history } = document.time;
  history.tiles = `${SCHEME}${HOME}${history.tiles}/{z}/{x}/{y}`;
  return said(document);
}

async function events(tilesetName: string, query: URLSearchParams): Promise<EventsDocument> {
  const listing = listingOf(tilesetName, query);
  const [theatre = ""] = tilesetName.split(".");
  const asked = piecesOf((await list()).events[theatre] ?? [], listing);
  if (!listing.event) return documentOf(listing, await Promise.all(asked.map(piece)));
  for (const one of asked) {
    const found = documentOf(listing, [await piece(one)]);
    if (found.total) return found;
  }
  return documentOf(listing, []);
}

function piece({ file: path }: Piece): Promise<ListedEvent[]> {
  let read = pieces.get(path);
  if (!read) {
    read = fetch(path).then((found) => json<ListedEvent[]>(found));
    read.catch(() => pieces.delete(path));
    pieces.set(path, read);
  }
  return read;
}

/** The km2 of one day, out of those of all days. */
async function measured(path: string, day: string): Promise<Response> {
  const found = await file(await list(), path);
  if (!found.ok) return found;
  const document = await json<{ days: string[]; km2: Record<string, number[]> }>(found);
  const at = document.days.indexOf(day);
  const km2 = Object.entries(document.km2).map(
    ([status, own]) => [status, at < 0 ? [] : own.slice(at, at + 1)] as const,
  );
  return said({ ...document, days: at < 0 ? [] : [day], km2: Object.fromEntries<number[]>(km2) });
}

/** The corrections of a day since a revision, whose links lead to the page in the language of this one. */
async function corrected(path: string, query: URLSearchParams): Promise<Response> {
  const found = await file(await list(), path);
  if (!found.ok) return found;
  const day = query.get("datetime") ?? "",
    known = Number(query.get("known"));
  const { corrections } = await json<{
    corrections: { revision: number; days: [string, string][]; links: { page: string } }[];
  }>(found);
  return said({
    corrections: corrections
      .filter(
        ({ revision, days }) => revision > known && days.some(([first, last]) => first <= day && day <= last),
      )
      .map((one) => ({
        ...one,
        links: { page: one.links.page.replace("#", `.${document.documentElement.lang}.html#`) },
      })),
  });
}

/** A tile out of its archive, empty where the archive has none, with the lines of its front turned as it says. */
async function tile(url: string, signal: AbortSignal): Promise<ArrayBuffer> {
  const [, path = "", z, x, y] = TILE.exec(url) ?? [];
  const found = await tileIn(path, [Number(z), Number(x), Number(y)], signal);
  const facing = facingOf(url);
  if (!found || !facing) return found ?? new ArrayBuffer(0);
  const turned = faced(new Uint8Array(found), facing);
  return turned.buffer.slice(turned.byteOffset, turned.byteOffset + turned.byteLength) as ArrayBuffer;
}

/** Ask once more for what a network lost: a header or directory that failed is kept for as long as the archive is. */
async function tileIn(
  path: string,
  at: [z: number, x: number, y: number],
  signal: AbortSignal,
): Promise<ArrayBuffer | undefined> {
  const archive = archives.get(path) ?? new PMTiles(path);
  archives.set(path, archive);
  try {
    return (await archive.getZxy(...at, signal))?.data;
  } catch (error) {
    if (signal.aborted) throw error;
    archives.set(path, new PMTiles(path));
    return (await archives.get(path)!.getZxy(...at, signal))?.data;
  }
}

export { answer, tile };
({ answer, tile }) satisfies Files;
