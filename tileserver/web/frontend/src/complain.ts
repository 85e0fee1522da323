// What could not be had, for whoever looks into the console.

const LEFT_MS = 300; // after which a page that is being left is gone, and its timers with it

/** Say what failed; not on a page that is being left, where everything on its way fails. */
export const complain = (reason: unknown): void => {
  setTimeout(() => console.warn("map:", reason), LEFT_MS);
};
