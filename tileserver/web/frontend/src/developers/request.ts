// A request made of an operation of the OpenAPI document and of what somebody wrote into its form.

/** A parameter of an operation, as the document describes it. */
export interface Parameter {
  name: string;
  in: string; // "path" or "query"
  description: string;
  required: boolean;
  schema: { type: string; enum?: string[]; minimum?: number; maximum?: number };
  example?: string | number;
}

/** An operation: what is asked by GET at a path. */
export interface Operation {
  summary: string;
  parameters: Parameter[];
  responses: Record<string, { content?: Record<string, unknown> }>;
  security?: Record<string, string[]>[];
}

export type Values = Record<string, string>;

const PART = /\{(\w+)\}/g;

/** The address below the server for these values; a query has what is not empty. */
export function addressOf(path: string, parameters: Parameter[], values: Values): string {
  const filled = path.replace(PART, (_, name: string) =>
    encodeURIComponent(values[name] ?? "").replaceAll("%2C", ","),
  );
  const query = parameters
    .filter(({ name, in: place }) => place === "query" && values[name])
    .map(
      ({ name }) =>
        `${name}=${encodeURIComponent(values[name] ?? "").replace(/%(2C|2F|3A)/g, decodeURIComponent)}`,
    );
  return query.length > 0 ? `${filled}?${query.join("&")}` : filled;
}

/** What of an address the parts of its path and its query are; nothing where it is none of this path. */
export function valuesOf(path: string, address: string): Values {
  const { pathname, searchParams } = new URL(address, "http://x/");
  const names: string[] = [];
  const pattern = path.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(PART, (_, name: string) => {
    names.push(name);
    return "([^/]+?)";
  });
  const found = new RegExp(`^${pattern}$`).exec(pathname);
  if (!found) return {};
  const parts = names.map((name, at) => [name, decodeURIComponent(found[at + 1] ?? "")]);
  return { ...Object.fromEntries(parts), ...Object.fromEntries(searchParams) } as Values;
}

/** The names of parts of the path that are missing, for without them there is no address. */
export const missingOf = (parameters: Parameter[], values: Values): string[] =>
  parameters.filter(({ required, name }) => required && !values[name]).map(({ name }) => name);

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The request for a shell; a key is named and not told, for what is copied is pasted anywhere. */
export function curlOf(url: string, accept: string, hasKey: boolean, isTile: boolean): string {
  return [
    "curl --compressed",
    ...(accept ? [`-H ${quoted(`Accept: ${accept}`)}`] : []),
    ...(hasKey ? ['-H "X-Api-Key: $TILESERVER_KEY"'] : []),
    ...(isTile ? ["-o tile.mvt"] : []),
    quoted(url),
  ].join(" ");
}
