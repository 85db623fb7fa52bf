/**
 * How far this computer's clock is from the server's, by asking it for the time. Pure; signaling/skew.py does the same.
 *
 * The answer with the shortest round trip of late is the one least held up on the way (NTP's clock filter).
 */
export interface Skew {
  /** This computer's clock minus the server's. */
  ms: number;
  /** How far that may be wrong: half of the round trip. */
  errorMs: number;
}

/** With a beat each 5 s those of the last minute, so that a clock that is set right is soon believed. */
const KEPT = 12;

export class SkewFilter {
  #answers: Skew[] = [];

  /** An answer: when it was asked by this computer's clock, how long it took, and the time that it told. */
  take(sentMs: number, roundTripMs: number, serverMs: number): void {
    if (!(roundTripMs >= 0) || !Number.isFinite(serverMs)) return;
    const half = roundTripMs / 2;
    this.#answers = [...this.#answers, { ms: sentMs + half - serverMs, errorMs: half }].slice(-KEPT);
  }

  get best(): Skew | null {
    return this.#answers.reduce<Skew | null>(
      (best, answer) => (best === null || answer.errorMs < best.errorMs ? answer : best),
      null,
    );
  }
}
