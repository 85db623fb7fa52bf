/** Which points take part in which conference, read when a calendar is filtered by unit. */
import { api } from "./api";
import type { ConferenceSummary } from "./model";
import { Problem } from "./problem";

const AT_ONCE = 4;

export class Members {
  reading = $state(false);
  problem = $state.raw<Problem | null>(null);
  #points = $state.raw<ReadonlyMap<string, ReadonlySet<string>>>(new Map());
  #asked = 0;

  /** Whether any of `codes` takes part; null while that is not known yet. */
  has({ id, version }: ConferenceSummary, codes: ReadonlySet<string>): boolean | null {
    const points = this.#points.get(`${id} ${version}`);
    return points ? [...codes].some((code) => points.has(code)) : null;
  }

  /** Reads the points of the conferences that are not known yet; a later call takes over from an earlier one. */
  async read(conferences: readonly ConferenceSummary[]): Promise<void> {
    const asked = ++this.#asked;
    const queue = conferences.filter(({ id, version }) => !this.#points.has(`${id} ${version}`));
    this.reading = queue.length > 0;
    this.problem = null;
    const work = async (): Promise<void> => {
      for (let next = queue.pop(); next && asked === this.#asked; next = queue.pop()) {
        const { points } = await api.conference(next.id);
        const codes = new Set(points.map(({ code }) => code));
        this.#points = new Map(this.#points).set(`${next.id} ${next.version}`, codes);
      }
    };
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    } catch (error) {
      if (asked === this.#asked) this.problem = Problem.from(error);
    }
    if (asked === this.#asked) this.reading = false;
  }
}
