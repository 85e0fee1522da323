// Forms on the page for developers that send a request: made of the OpenAPI document, once somebody opens an operation.
// The page says all of it without a script, too; what is asked goes to this server alone.

import { element } from "../dom";
import { shownAnswer, TILE } from "./answer";
import {
  addressOf,
  curlOf,
  missingOf,
  valuesOf,
  type Operation,
  type Parameter,
  type Values,
} from "./request";

interface Description {
  paths: Record<string, { get: Operation } | undefined>;
}

const root = new URL("./", location.href); // of the server, also where a proxy puts it below a path
let described: Promise<Description> | null = null;

/** The document, asked for once; a failure is forgotten, so that the next who opens an operation asks again. */
function description(): Promise<Description> {
  described ??= fetch(new URL("api", root)).then((answer) => {
    if (!answer.ok) throw new Error(`the description is not there just now: ${answer.status}`);
    return answer.json() as Promise<Description>;
  });
  described.catch(() => (described = null));
  return described;
}

for (const details of document.querySelectorAll<HTMLDetailsElement>("details[data-path]"))
  details.addEventListener("toggle", () => void open(details));

async function open(details: HTMLDetailsElement): Promise<void> {
  if (!details.open || details.querySelector("form, [role=alert]")) return;
  const path = details.dataset["path"] ?? "";
  try {
    const operation = (await description()).paths[path]?.get;
    if (!operation) return;
    const example = details.querySelector<HTMLAnchorElement>("a[data-example]");
    const start = example
      ? valuesOf(path, `/${example.getAttribute("href")?.replace(/^\.?\//, "") ?? ""}`)
      : {};
    details.querySelector("ul")?.remove(); // the form says the same
    details.append(formOf(path, operation, start));
  } catch (error) {
    const said = element("p", "", [error instanceof Error ? error.message : String(error)], {
      role: "alert",
    });
    details.append(said);
    setTimeout(() => said.remove(), 6000); // and then it can be opened again
  }
}

function formOf(path: string, operation: Operation, start: Values): HTMLFormElement {
  const fields = operation.parameters.map((each) => fieldOf(path, each, start[each.name] ?? ""));
  const types = Object.keys(operation.responses["200"]?.content ?? {});
  const accept = types.length > 1 ? choiceOf(path, "Accept", ["", ...types]) : null;
  const key = operation.security ? keyField(path) : null;
  const output: Output = {
    line: element("p", "", [], { role: "status" }),
    parts: element("div", "answer"),
  };
  const copied = element("button", "", ["Copy as curl"], { type: "button" });
  const form = element("form", "try", [
    ...fields.map(([row]) => row),
    ...(accept ? [accept[0]] : []),
    ...(key ? [key[0]] : []),
    element("p", "", [element("button", "", ["Send"], { type: "submit" }), copied]),
    output.line,
    output.parts,
  ]);
  const read = (): Asked | null => {
    const values = Object.fromEntries(fields.map(([, input]) => [input.name, input.value.trim()]));
    const missing = missingOf(operation.parameters, values);
    if (missing.length > 0) {
      show(output, `The path needs ${missing.join(", ")}.`);
      return null;
    }
    const address = addressOf(path, operation.parameters, values).slice(1);
    return {
      url: root.href + address,
      accept: accept?.[1].value ?? "",
      key: key?.[1].value.trim() ?? "",
      isTile: types.includes(TILE),
    };
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const asked = read();
    if (asked) void send(asked, output, operation.summary);
  });
  copied.addEventListener("click", () => {
    const asked = read();
    if (asked) void copy(curlOf(asked.url, asked.accept, asked.key !== "", asked.isTile), output);
  });
  return form;
}

/** A line that is read out where it changes, and what stands below it. */
interface Output {
  line: HTMLElement;
  parts: HTMLElement;
}

function show({ line, parts }: Output, said: string, below: HTMLElement[] = []): void {
  line.textContent = said;
  parts.replaceChildren(...below);
}

interface Asked {
  url: string;
  accept: string;
  key: string;
  isTile: boolean;
}

async function send({ url, accept, key }: Asked, output: Output, title: string): Promise<void> {
  show(output, "Asking …");
  const headers = { ...(accept ? { Accept: accept } : {}), ...(key ? { "X-Api-Key": key } : {}) };
  const begun = performance.now();
  try {
    const answer = await fetch(url, { headers, credentials: "omit" });
    const { line, parts } = await shownAnswer(answer, Math.round(performance.now() - begun), title);
    show(output, line, [element("p", "", [element("code", "", [url])]), ...parts]);
  } catch {
    show(output, "No answer came: the network or the server is away.");
  }
}

async function copy(text: string, output: Output): Promise<void> {
  const shown = element("pre", "", [element("code", "", [text])]);
  try {
    await navigator.clipboard.writeText(text);
    show(output, "Copied:", [shown]);
  } catch {
    show(output, "This browser lets nothing be copied from here:", [shown]);
  }
}

type Field = HTMLInputElement | HTMLSelectElement;

function fieldOf(path: string, parameter: Parameter, value: string): [HTMLElement, Field] {
  const { name, description: says, required, schema, example } = parameter;
  if (schema.enum && !required) {
    const [row, select] = choiceOf(path, name, ["", ...schema.enum], says);
    select.value = value;
    return [row, select];
  }
  const first = value || (required && example !== undefined ? String(example) : "");
  const input = element("input", "", [], {
    name,
    value: first,
    autocomplete: "off",
    spellcheck: "false",
    ...(example === undefined ? {} : { placeholder: String(example) }),
    ...(schema.type === "integer" ? { inputmode: "numeric" } : {}),
    ...(required ? { required: "" } : {}),
  });
  return [rowOf(path, name, says, input), input];
}

function choiceOf(path: string, name: string, values: string[], says = ""): [HTMLElement, HTMLSelectElement] {
  const options = values.map((each) => element("option", "", [each || "as it comes"], { value: each }));
  const select = element("select", "", options, { name });
  return [rowOf(path, name, says, select), select];
}

/** A field for a key, which is kept nowhere: it goes with the request, and not into the address. */
function keyField(path: string): [HTMLElement, HTMLInputElement] {
  const input = element("input", "", [], { name: "X-Api-Key", type: "password", autocomplete: "off" });
  return [rowOf(path, "X-Api-Key", "a key, where you have one", input), input];
}

function rowOf(path: string, name: string, says: string, input: Field): HTMLElement {
  input.id = `${path} ${name}`.replace(/\W+/g, "-");
  const label = element("label", "", [element("code", "", [name])], { for: input.id });
  if (!says) return element("div", "", [label, input]);
  const hint = element("span", "when", [says], { id: `${input.id}-says` });
  input.setAttribute("aria-describedby", hint.id);
  return element("div", "", [label, input, hint]);
}
