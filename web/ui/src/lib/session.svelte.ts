/** Who is signed in, and how this installation is set up. */
import { api, signedOut } from "./api";
import { setTimeZone } from "./format";
import type { Config, Principal } from "./model";
import { Problem } from "./problem";
import type { Role } from "./wire";

class Session {
  me = $state<Principal | null>(null);
  config = $state.raw<Config | null>(null);
  ready = $state(false);
  problem = $state.raw<Problem | null>(null);

  constructor() {
    signedOut.addEventListener("signed-out", () => (this.me = null));
  }

  /** Loads both; a person who is not signed in is no problem, and one who comes by a link (`guest`) is not asked. */
  async load(guest: boolean): Promise<void> {
    this.problem = null;
    try {
      this.config = await api.config();
      setTimeZone(this.config.time_zone);
      if (!guest) this.me = await this.#whoAmI();
      this.ready = true;
    } catch (error) {
      this.problem = Problem.from(error);
    }
  }

  async #whoAmI(): Promise<Principal | null> {
    return api.me().catch((error: unknown) => {
      if (Problem.from(error).status === 401) return null;
      throw error;
    });
  }

  has(...roles: Role[]): boolean {
    return this.me?.roles.some((role) => roles.includes(role)) ?? false;
  }
}

export const session = new Session();
