/** The halls' people, live: the whole once, then what the feed says is different. */
import { api, files } from "./api";
import type {
  HeadcountNews,
  HeadcountRow,
  Headcounts,
  HeadcountSum,
  HeadcountUnit,
  QuorumState,
} from "./model";
import { Problem } from "./problem";

const RETRY_MS = 5000;

export class People {
  total = $state.raw<HeadcountSum | null>(null);
  quorum = $state.raw<QuorumState | null>(null);
  rows = $state.raw<ReadonlyMap<string, HeadcountRow>>(new Map());
  units = $state.raw<ReadonlyMap<string, HeadcountUnit>>(new Map());
  /** How many snapshots there are; null before the first news. */
  snapshots = $state<number | null>(null);
  connected = $state(false);
  problem = $state.raw<Problem | null>(null);
  #source: EventSource | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** What was told while the whole was on its way: it may be newer than the whole. */
  #meanwhile: HeadcountNews[] | null = null;

  constructor(
    private readonly id: string,
    private readonly sumsOnly = false,
  ) {
    this.#open();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
  }

  async load(): Promise<void> {
    this.#meanwhile ??= [];
    try {
      this.#whole(await (this.sumsOnly ? api.headcountSums(this.id) : api.headcounts(this.id)));
      this.problem = null;
    } catch (error) {
      this.problem = Problem.from(error);
    }
    const told = this.#meanwhile ?? [];
    this.#meanwhile = null;
    for (const news of told) this.#different(news);
  }

  #open(): void {
    const source = new EventSource(`${files.feed(this.id)}?only=people`);
    this.#source = source;
    source.onopen = () => (this.connected = true);
    source.onerror = () => {
      this.connected = false;
      // The browser tries again by itself unless the server answered with an error.
      if (source.readyState === EventSource.CLOSED) this.#retry = setTimeout(() => this.#open(), RETRY_MS);
    };
    source.addEventListener("snapshot", () => void this.load());
    source.addEventListener("headcounts", (event) => {
      const news = JSON.parse((event as MessageEvent<string>).data) as HeadcountNews;
      if (this.#meanwhile) this.#meanwhile.push(news);
      else this.#different(news);
    });
  }

  #whole(value: Headcounts): void {
    this.total = value.total;
    this.quorum = value.quorum;
    if (this.sumsOnly) return;
    this.rows = new Map(value.rows.map((row) => [row.point, row]));
    this.units = new Map(value.units.map((unit) => [unit.code, unit]));
  }

  #different(news: HeadcountNews): void {
    this.total = news.total;
    this.quorum = news.quorum;
    this.snapshots = news.snapshots;
    if (this.sumsOnly) return;
    this.rows = new Map([...this.rows, ...news.rows.map((row) => [row.point, row] as const)]);
    this.units = new Map([...this.units, ...news.units.map((unit) => [unit.code, unit] as const)]);
  }
}
