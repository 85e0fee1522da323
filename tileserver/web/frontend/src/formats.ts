// The formatters of `Intl`, each made once: to make one takes a browser longer than all else that a step of the slider
// writes, and a page needs a dozen of them.

function remembered<Options extends object, Made>(
  make: (locale: string, options: Options) => Made,
): (locale: string, options: Options) => Made {
  const made = new Map<string, Made>();
  return (locale, options) => {
    const key = `${locale} ${JSON.stringify(options)}`;
    let own = made.get(key);
    if (!own) made.set(key, (own = make(locale, options)));
    return own;
  };
}

/** How a language writes days and hours. */
export const dateFormat = remembered(
  (locale, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options),
);

/** How a language writes numbers and units. */
export const numberFormat = remembered(
  (locale, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options),
);

/** How a language says how long ago something was. */
export const agoFormat = remembered(
  (locale, options: Intl.RelativeTimeFormatOptions) => new Intl.RelativeTimeFormat(locale, options),
);
