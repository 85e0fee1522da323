// Layers as TileJSON tells them, for tests.

import type { Category, DrawnLayer, Role } from "../src/catalogue";

/** A layer that is titled by its name in capitals, and whose newest day is 9 November 2023. */
export const layer = (
  name: string,
  role: Role,
  legend: Category[],
  of: Partial<DrawnLayer> = {},
): DrawnLayer => ({
  name,
  role,
  title: { en: name.toUpperCase() },
  legend,
  category: "",
  newest: "2023-11-09",
  shape: 0,
  ...of,
});
