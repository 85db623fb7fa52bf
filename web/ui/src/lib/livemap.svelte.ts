/** A map that hears many small changes and shows them together, so that 3,321 halls joining draw the page a few times. */
const TOGETHER_MS = 100;

export class LiveMap<V> {
  current = $state.raw<ReadonlyMap<string, V>>(new Map());
  #next: Map<string, V> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #held = false;

  get(key: string): V | undefined {
    return this.current.get(key);
  }

  /** Sets one entry; it is seen within a tenth of a second. */
  set(key: string, value: V): void {
    this.#next ??= new Map(this.current);
    this.#next.set(key, value);
    this.#soon();
  }

  /** What is set from now on replaces all that was known; the old is shown until `finish`, so that nothing flickers. */
  startOver(): void {
    this.#next = new Map();
    this.#held = true;
  }

  /** All that replaces the old is set. */
  finish(): void {
    this.#held = false;
    this.#soon();
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => this.#show(), TOGETHER_MS);
  }

  #show(): void {
    this.#timer = undefined;
    if (this.#held) return;
    if (this.#next) this.current = this.#next;
    this.#next = null;
  }
}
