// Romanisation of Ukrainian names (resolution 55 of the Cabinet of Ministers of Ukraine, 2010).

const FIRST = { є: "ye", ї: "yi", й: "y", ю: "yu", я: "ya" }; // at the beginning of a word
const LETTERS = {
  а: "a",
  б: "b",
  в: "v",
  г: "h",
  ґ: "g",
  д: "d",
  е: "e",
  є: "ie",
  ж: "zh",
  з: "z",
  и: "y",
  і: "i",
  ї: "i",
  й: "i",
  к: "k",
  л: "l",
  м: "m",
  н: "n",
  о: "o",
  п: "p",
  р: "r",
  с: "s",
  т: "t",
  у: "u",
  ф: "f",
  х: "kh",
  ц: "ts",
  ч: "ch",
  ш: "sh",
  щ: "shch",
  ь: "",
  ю: "iu",
  я: "ia",
  "’": "",
};

const capitalised = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** "Куп’янськ" becomes "Kupiansk". What is no Ukrainian letter stays. */
export function romanised(name) {
  return name.replaceAll(/[\p{L}’]+/gu, (word) => {
    const low = word.toLowerCase().replaceAll("зг", "zgh");
    const latin = [...low]
      .map((letter, i) => (i === 0 && FIRST[letter]) || (LETTERS[letter] ?? letter))
      .join("");
    return word.charAt(0) === low.charAt(0) ? latin : capitalised(latin);
  });
}
