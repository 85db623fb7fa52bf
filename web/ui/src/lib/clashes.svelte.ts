/** The clash list that follows what the organizer is choosing, a moment behind the last change. */
import { api, type HeldSelection } from "./api";
import type { Clash, Times } from "./model";
import { Problem } from "./problem";

const QUIET_MS = 350;

export class LiveClashes {
  clashes = $state.raw<Clash[] | null>(null);
  points = $state(0);
  checking = $state(false);
  problem = $state.raw<Problem | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  /** Asks about a new choice; null when there is nothing to ask about. Only the newest answer counts. */
  ask(times: Times | null, selection: HeldSelection, ignore?: string): void {
    clearTimeout(this.#timer);
    const asked = ++this.#asked;
    const empty = selection.units.length === 0 && selection.points.length === 0;
    this.checking = times !== null && !empty;
    if (!times || empty) {
      this.clashes = null;
      return;
    }
    this.#timer = setTimeout(() => void this.#fetch(asked, times, selection, ignore), QUIET_MS);
  }

  async #fetch(asked: number, times: Times, selection: HeldSelection, ignore?: string): Promise<void> {
    try {
      const preview = await api.clashes(times, selection, ignore);
      if (asked !== this.#asked) return;
      this.clashes = preview.clashes;
      this.points = preview.points;
      this.problem = null;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.clashes = null;
      this.problem = Problem.from(error);
    }
    this.checking = false;
  }
}
