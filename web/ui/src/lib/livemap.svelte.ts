/** A map that hears many small changes and shows them together, so that 3,321 halls joining draw the page a few times. */
const TOGETHER_MS = 100;

export class LiveMap<V> {
  current = $state.raw<ReadonlyMap<string, V>>(new Map());
  #next: Map<string, V> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  get(key: string): V | undefined {
    return this.current.get(key);
  }

  /** Sets one entry; it is seen within a tenth of a second. */
  set(key: string, value: V): void {
    this.#next ??= new Map(this.current);
    this.#next.set(key, value);
    this.#timer ??= setTimeout(() => this.#show(), TOGETHER_MS);
  }

  /** What is set from now on replaces all that was known; the old is shown until then, so that nothing flickers. */
  startOver(): void {
    this.#next = new Map();
    this.#timer ??= setTimeout(() => this.#show(), TOGETHER_MS);
  }

  #show(): void {
    this.#timer = undefined;
    if (this.#next) this.current = this.#next;
    this.#next = null;
  }
}
