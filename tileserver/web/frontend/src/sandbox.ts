// In a sandbox (`<iframe sandbox="allow-scripts">`) a page is of no origin, so that no worker begins at an address.

/** What a worker is told before its own script is there. */
const WAITING = `const early = [], keep = ({ data, ports }) => early.push({ data, ports });
addEventListener("message", keep);
`;
const GOING_ON = `.then(() => {
  removeEventListener("message", keep);
  for (const each of early) dispatchEvent(new MessageEvent("message", each));
});`;

/** Let workers begin as a blob that imports their script; as classic ones, for Chromium begins no modules so. */
export function letWorkersBegin(): void {
  const Plain = Worker;
  globalThis.Worker = class extends Plain {
    constructor(url: string | URL) {
      const source = `${WAITING}import(${JSON.stringify(String(url))})${GOING_ON}`;
      super(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    }
  };
}
