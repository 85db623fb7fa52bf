/** The clash list that follows what the organizer is choosing, a moment behind the last change. */
import { api, type Asked, type HeldSelection } from "./api";
import type { Clash, ClashPreview, Times } from "./model";
import { Problem } from "./problem";

const QUIET_MS = 350;

export type Ahead = Pick<ClashPreview, "chair" | "closed" | "outlook">;

export class LiveClashes {
  clashes = $state.raw<Clash[] | null>(null);
  /** What the chair has elsewhere; media nodes in maintenance then, and whether the others carry the conference. */
  ahead = $state.raw<Ahead | null>(null);
  points = $state(0);
  checking = $state(false);
  problem = $state.raw<Problem | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  /** Whether the booking would be refused for its chair or for want of media nodes. */
  get refused(): boolean {
    return !!this.ahead?.chair || this.ahead?.outlook?.carried === false;
  }

  /** Asks about a new choice; null when there is nothing to ask about. Only the newest answer counts. */
  ask(times: Times | null, selection: HeldSelection, more: Asked, ignore?: string): void {
    clearTimeout(this.#timer);
    const asked = ++this.#asked;
    const empty = selection.units.length === 0 && selection.points.length === 0;
    this.checking = times !== null && !empty;
    if (!times || empty) {
      this.clashes = this.ahead = null;
      return;
    }
    this.#timer = setTimeout(
      () => void this.#fetch(asked, () => api.clashes(times, { ...selection, ...more }, ignore)),
      QUIET_MS,
    );
  }

  async #fetch(asked: number, look: () => Promise<ClashPreview>): Promise<void> {
    try {
      const preview = await look();
      if (asked !== this.#asked) return;
      this.clashes = preview.clashes;
      this.points = preview.points;
      this.ahead = preview;
      this.problem = null;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.clashes = this.ahead = null;
      this.problem = Problem.from(error);
    }
    this.checking = false;
  }
}
