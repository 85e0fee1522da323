// A page of static files has each language in a file of its own, and nobody to choose among them but the page itself:
// the language that the link names, else, of the file that names none, the reader's.

const root = document.documentElement;
const languages = (root.dataset["languages"] ?? "").split(" "); // the first is that of the file that names none
const [, page = "index", own] = /(\w+)(?:\.(\w\w))?\.html$/.exec(location.pathname) ?? [];
const asked = new URLSearchParams(location.search).get("lang");
const chosen = [asked ?? "", ...(own ? [] : navigator.languages)]
  .map((tag) => tag.slice(0, 2).toLowerCase())
  .find((code) => languages.includes(code));

if (chosen && chosen !== root.lang)
  location.replace(
    new URL(
      `${page}${chosen === languages[0] ? "" : `.${chosen}`}.html${location.search}${location.hash}`,
      location.href,
    ),
  );
