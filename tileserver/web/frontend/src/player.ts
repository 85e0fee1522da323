// Playing: day after day, each once the one before has stood for its time on the map.

import type { Day } from "./days";
import type { Span } from "./histogram";
import { dayAfter, isDue, stepped, type PageState } from "./state";

/** What is played, and by which clock. */
export interface PlayerOptions {
  /** Milliseconds that a day stands. */
  stepMs: number;
  /** Call back once at the next frame, with the milliseconds of its clock. */
  nextFrame: (act: (now: number) => void) => void;
  /** The first and the last day; null where there is nothing to play. */
  span: () => Span | null;
  /** The page's state, and how it becomes another one. */
  state: () => PageState;
  change: (state: PageState) => void;
  travel: (day: Day) => void;
}

/** The play button's other end. */
export class Player {
  constructor(private readonly options: PlayerOptions) {}

  /** Start or stop. From the last day on it starts at the first. */
  play(playing: boolean): void {
    const { span, state, change, nextFrame, travel } = this.options;
    const days = span();
    if (!days) return;
    const { playing: before, wanted } = state();
    if (playing && !before) nextFrame((now) => this.frame(now));
    change({ ...state(), playing });
    if (playing && wanted === days.last) travel(days.first);
  }

  private frame(now: number): void {
    const { span, state, change, nextFrame, travel, stepMs } = this.options;
    if (!state().playing) return;
    nextFrame((later) => this.frame(later));
    if (!isDue(state(), now)) return;
    change(stepped(state(), now, stepMs));
    const next = dayAfter(state(), span()?.last ?? "");
    if (next) travel(next);
    else this.play(false);
  }
}
