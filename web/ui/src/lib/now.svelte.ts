/** The present moment as reactive state, ticking once a second while the page lives. */
class Now {
  ms = $state(Date.now());
  /** Server time minus this computer's, learnt from the server's messages. */
  skew = $state(0);

  constructor() {
    setInterval(() => (this.ms = Date.now()), 1000);
  }

  learn(serverTime: string): void {
    const skew = Date.parse(serverTime) - Date.now();
    if (Math.abs(skew - this.skew) > 500) this.skew = skew;
  }

  get server(): number {
    return this.ms + this.skew;
  }

  /** How long ago a moment of the server's clock was, in ms, never negative. */
  since(moment: string): number {
    return Math.max(0, this.server - Date.parse(moment));
  }
}

export const now = new Now();
