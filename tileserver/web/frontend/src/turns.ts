// Turns of the main thread. What follows at rest is cut into pieces, so that a reader who moves on waits for one of them
// and not for all.

/** Let whatever waits have its turn, a hand on the slider before all else. */
export const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
