// Periods of history as TileJSON lists them, for tests.

import { dayNumber, type Period } from "../src/periods";

/** A period that has ended, both days included. */
export const span = (id: string, first_day: string, last_day: string): Period => ({
  id,
  first_day,
  last_day,
  first: dayNumber(first_day),
  end: dayNumber(last_day) + 1,
  open: false,
});
