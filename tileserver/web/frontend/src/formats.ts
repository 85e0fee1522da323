// The formatters of `Intl`, each made once: to make one takes a browser longer than all else that a step of the slider
// writes, and a page needs a dozen of them.

function remembered<Options, Made>(
  Format: new (locale: string, options: Options) => Made,
): (locale: string, options: Options) => Made {
  const made = new Map<string, Made>();
  return (locale, options) => {
    const key = locale + JSON.stringify(options);
    let own = made.get(key);
    if (!own) made.set(key, (own = new Format(locale, options)));
    return own;
  };
}

/** How a language writes days and hours. */
export const dateFormat = /* @__PURE__ */ remembered(Intl.DateTimeFormat);

/** How a language writes numbers and units. */
export const numberFormat = /* @__PURE__ */ remembered(Intl.NumberFormat);

/** How a language says how long ago something was. */
export const agoFormat = /* @__PURE__ */ remembered(Intl.RelativeTimeFormat);
