/** The names of the people whose accounts are in bookings and histories, asked for once when the first is shown. */
import { api } from "./api";

class Names {
  #known = $state.raw<ReadonlyMap<string, string>>(new Map());
  #asked = false;

  /** The person's name; the account's until it is known, and where there is no such account any more. */
  of(username: string): string {
    if (!this.#asked) void this.#load();
    return this.#known.get(username) ?? username;
  }

  async #load(): Promise<void> {
    this.#asked = true;
    try {
      this.#known = new Map((await api.people()).map(({ username, name }) => [username, name]));
    } catch {
      this.#asked = false; // the next that is shown asks again
    }
  }
}

export const names = new Names();
