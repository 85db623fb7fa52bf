/** An error that a person is told about: a stable code, a sentence, and data that says more. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly detail: string,
    readonly data: Record<string, unknown> = {},
    readonly status = 0,
    readonly retry = false,
  ) {
    super(`${code}: ${detail}`);
  }

  static from(error: unknown): Problem {
    return error instanceof Problem ? error : new Problem("unexpected", String(error));
  }
}
