// Who answers what the page asks for: the server that it came from; or where it was published as static files, a module
// that answers from the files beside the page. The page's root names that module, and no other page loads it.

/** What answers on a page of static files. */
export interface Files {
  answer(url: string, signal: AbortSignal | null): Promise<Response>;
  tile(url: string, signal: AbortSignal): Promise<ArrayBuffer>;
}

let files: Promise<Files> | null = null;

/** The module that answers from files; null where a server does. */
export function filesOfPage(): Promise<Files> | null {
  const site = globalThis.document?.documentElement.dataset["site"];
  if (site) files ??= import(new URL(site, location.href).href) as Promise<Files>;
  return files;
}

/** Ask whoever answers, as `fetch` does; files are asked for without any header. */
export async function ask(url: string, init?: RequestInit): Promise<Response> {
  const there = await filesOfPage();
  return there ? there.answer(url, init?.signal ?? null) : fetch(url, init);
}

/** The map's own page in its folder: not every store of files has one for the folder itself. */
export const mapPage = (): string => (filesOfPage() ? "index.html" : "");

/** The address of a page of text on a theatre, from where the map is. */
export const textPage = (page: "method" | "corrections", theatre: string, language: string): string =>
  filesOfPage()
    ? `${page}/${encodeURIComponent(theatre)}.${language}.html`
    : `${page}/${encodeURIComponent(theatre)}?${new URLSearchParams({ lang: language }).toString()}`;
