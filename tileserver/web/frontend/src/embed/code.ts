// The code that an article embeds a map by: an iframe that needs no script, a picture for readers without scripts, and
// a script that may be left out. Everything that goes in is escaped.

/** A page of ours below `base`, which ends with a slash, as an embed: what it shows, and in which dress. */
export interface EmbedChoice {
  base: string;
  files: boolean; // whether no server answers there, only files
  theatre: string;
  at: string; // a day, or "latest"
  revision: number | null; // the newest that is known, for a day that is to stay as it is
  camera: string; // zoom/latitude/longitude
  lang: string; // "" for the reader's own
  theme: string; // "" for the reader's own
  controls: boolean;
  off: readonly string[];
  on: readonly string[];
  rest: string; // what else the page's fragment says, as parameters
}

/** How large an embed is, in page px; `width` is null where it is as wide as the article. */
export interface EmbedSize {
  width: number | null;
  height: number;
}

const plain = (text: string): string => text.replaceAll("%2F", "/").replaceAll("%2C", ",");

function queryOf(choice: EmbedChoice, dressed: boolean): string {
  const said = {
    theatre: choice.theatre,
    at: choice.at,
    revision: dressed && choice.revision ? String(choice.revision) : "",
    map: choice.camera,
    lang: choice.lang,
    theme: dressed ? choice.theme : "",
    controls: dressed ? String(Number(choice.controls)) : "",
    off: choice.off.join(","),
    on: choice.on.join(","),
  };
  return plain(new URLSearchParams(Object.entries(said).filter(([, text]) => text)).toString());
}

const fragment = ({ rest }: EmbedChoice): string => (rest ? `#${rest}` : "");

/** The address of the whole map; its query has everything, so that other sites see the day and the place too. */
export const pageUrl = (choice: EmbedChoice): string =>
  `${choice.base}${choice.files ? "index.html" : ""}?${queryOf(choice, false)}${fragment(choice)}`;

/** The address of the embed. */
export const embedUrl = (choice: EmbedChoice): string =>
  `${choice.base}${choice.files ? "embed.html" : "embed"}?${queryOf(choice, true)}${fragment(choice)}`;

function pictureUrl({ base, theatre, at, revision, camera, lang, theme }: EmbedChoice): string {
  const said = {
    datetime: at,
    revision: revision ? String(revision) : "",
    map: camera,
    width: "1200",
    height: "630",
    lang,
    theme,
  };
  const query = new URLSearchParams(Object.entries(said).filter(([, text]) => text));
  return `${base}pictures/${encodeURIComponent(theatre)}.png?${plain(query.toString())}`;
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

/** What readers without scripts see: a picture, which files have only of the day that they were made for. */
const instead = (choice: EmbedChoice, title: string): string =>
  choice.files
    ? escaped(title)
    : `<img src="${escaped(pictureUrl(choice))}" width="1200" height="630" style="max-width:100%;height:auto" alt="${escaped(title)}">`;

/** The code to copy into an article. */
export function embedCode(choice: EmbedChoice, { width, height }: EmbedSize, title: string): string {
  const size = width
    ? `width="${width}" height="${height}" data-height="fixed" style="border:0;max-width:100%"`
    : `width="100%" height="${height}" style="border:0;height:auto;aspect-ratio:16/10;min-height:${Math.min(420, height)}px"`;
  return [
    `<iframe src="${escaped(embedUrl(choice))}" title="${escaped(title)}" loading="lazy" ${size} allow="fullscreen" referrerpolicy="strict-origin-when-cross-origin"></iframe>`,
    `<noscript><a href="${escaped(pageUrl(choice))}">${instead(choice, title)}</a></noscript>`,
    ...(width
      ? []
      : [
          `<script async src="${escaped(choice.base)}embed.js"${choice.files ? ' data-page="embed.html"' : ""}></script>`,
        ]),
  ].join("\n");
}
