// A map that stays open hears of what is published, corrected or withdrawn meanwhile. Whoever looks asks for a document
// that browsers and caches answer from what they have, or with 304, as long as nothing is new.

const LOOK_MS = 120_000; // longer than any answer about the newest is kept, so each look is a new one

/** Look once in a while, as long as anybody can see the page; whoever comes back to it later is told at once. */
export function lookForNews(look: () => Promise<void>): void {
  let due = false;
  const tick = (): void => {
    due = document.hidden;
    if (!due) void look();
  };
  setInterval(tick, LOOK_MS);
  document.addEventListener("visibilitychange", () => due && tick());
}
