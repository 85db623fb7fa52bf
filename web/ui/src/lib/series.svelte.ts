/** What stands against each occurrence of a series, a moment behind the last change of the form. */
import { api } from "./api";
import type { OccurrencePreview, SeriesPreview, SeriesRequest } from "./model";
import { Problem } from "./problem";

const QUIET_MS = 350;

/** Whether an occurrence cannot be booked as it is: points or the chair are taken, or the media nodes too small. */
export const stands = ({ count, chair, outlook }: OccurrencePreview): boolean =>
  count > 0 || chair !== null || outlook?.carried === false;

export class LiveSeries {
  preview = $state.raw<SeriesPreview | null>(null);
  checking = $state(false);
  problem = $state.raw<Problem | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  /** Asks about another series; null when there is nothing to ask about. Only the newest answer counts. */
  ask(request: SeriesRequest | null): void {
    clearTimeout(this.#timer);
    const asked = ++this.#asked;
    this.preview = null;
    this.problem = null;
    this.checking = request !== null;
    if (request) this.#timer = setTimeout(() => void this.#fetch(asked, request), QUIET_MS);
  }

  async #fetch(asked: number, request: SeriesRequest): Promise<void> {
    try {
      const preview = await api.previewSeries(request);
      if (asked !== this.#asked) return;
      this.preview = preview;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.problem = Problem.from(error);
    }
    this.checking = false;
  }
}
