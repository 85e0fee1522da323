// In which letters a name is written, by how texts are ordered.

/** Names in Latin letters come before this one, Greek and Cyrillic ones after. */
export const AFTER_LATIN = "\u0370";
