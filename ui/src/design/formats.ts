const numbers = new Map<string, Intl.NumberFormat>();
const moments = new Map<string, Intl.DateTimeFormat>();

/** Formats are made once: making one takes longer than drawing a row of a table. */
function kept<Format>(of: Map<string, Format>, key: string, make: () => Format): Format {
  const found = of.get(key) ?? make();
  of.set(key, found);
  return found;
}

export function numberFormat(language: string, options: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  return kept(numbers, language + JSON.stringify(options), () => new Intl.NumberFormat(language, options));
}

export function momentFormat(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return kept(moments, language + JSON.stringify(options), () => new Intl.DateTimeFormat(language, options));
}
