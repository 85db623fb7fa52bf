/** What the calendar shows, read from the server and read anew every minute while the page is looked at. */
import { untrack } from "svelte";
import { api } from "./api";
import { plusDays } from "./calendar";
import type { CalendarPage } from "./model";
import { Problem } from "./problem";

const AGAIN_MS = 60_000;

export class LiveCalendar {
  page = $state.raw<CalendarPage | null>(null);
  reading = $state(false);
  problem = $state.raw<Problem | null>(null);
  #asked = 0;
  #read: () => void = () => undefined;

  /** Reads the days of a unit; only the newest call's answer counts. Returns what ends the reading anew. */
  follow(days: readonly number[], unit: string, byUnit: boolean): () => void {
    const read = (): void => void this.#fetch(days, unit, byUnit);
    this.#read = read;
    untrack(read);
    const timer = setInterval(() => document.visibilityState === "visible" && read(), AGAIN_MS);
    document.addEventListener("visibilitychange", read);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", read);
    };
  }

  /** Reads the same once more. */
  again(): void {
    this.#read();
  }

  async #fetch(days: readonly number[], unit: string, byUnit: boolean): Promise<void> {
    const [first, last] = [days[0], days.at(-1)];
    if (first === undefined || last === undefined) return;
    const asked = ++this.#asked;
    this.reading = true;
    try {
      const [start, stop] = [first, plusDays(last, 1)].map((at) => new Date(at).toISOString()) as [
        string,
        string,
      ];
      const page = await api.calendar(start, stop, unit, byUnit);
      if (asked !== this.#asked) return;
      this.page = page;
      this.problem = null;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.problem = Problem.from(error);
    }
    this.reading = false;
  }
}
