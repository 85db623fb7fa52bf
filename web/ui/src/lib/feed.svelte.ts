/** A conference's live feed (server-sent events), merged into what is known now. */
import { files } from "./api";
import type {
  ConferenceSummary,
  FeedSnapshot,
  FloorMoved,
  IncidentBoard,
  IncidentView,
  LinksGraded,
  LinkStatus,
  PresenceChanged,
  PresenceNow,
} from "./model";
import { LiveMap } from "./livemap.svelte";
import { now } from "./now.svelte";
import type { ConferenceState, ParticipantRef } from "./wire";

const RETRY_MS = 5000;

export class Feed {
  readonly links = new LiveMap<LinkStatus>();
  readonly presence = new LiveMap<PresenceNow>();
  holder = $state.raw<ParticipantRef | null>(null);
  /** The open incidents, worst first. */
  incidents = $state.raw<readonly IncidentView[]>([]);
  conference = $state.raw<ConferenceSummary | null>(null);
  connected = $state(false);
  /** When the newest figures were made, by the server's clock; null before the first. */
  figuresAt = $state<string | null>(null);
  #source: EventSource | null = null;
  /** The number of the newest view of the lines that is known; older changes are passed over. */
  #seq = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly id: string) {
    this.#open();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
  }

  #open(): void {
    const source = new EventSource(files.feed(this.id));
    this.#source = source;
    source.onopen = () => (this.connected = true);
    source.onerror = () => {
      this.connected = false;
      // The browser tries again by itself unless the server answered with an error.
      if (source.readyState === EventSource.CLOSED) this.#retry = setTimeout(() => this.#open(), RETRY_MS);
    };
    const on = <T>(name: string, take: (value: T) => void): void =>
      source.addEventListener(name, (event) => take(JSON.parse((event as MessageEvent<string>).data) as T));
    on<FeedSnapshot>("snapshot", (value) => this.#snapshot(value));
    on<LinksGraded>("links", (value) => this.#changed(value));
    on<PresenceChanged>("presence", ({ at, ...value }) => this.#mergePresence([{ ...value, since: at }]));
    on<FloorMoved>("floor", (value) => (this.holder = value.holder));
    on<IncidentBoard>("incidents", (value) => (this.incidents = value.incidents));
    on<{ state: ConferenceState }>("conference", ({ state }) => {
      if (this.conference) this.conference = { ...this.conference, state };
    });
  }

  #snapshot(value: FeedSnapshot): void {
    if (value.part === 1) this.#startOver(value);
    this.#mergePresence(value.presence);
    if (value.links) this.#mergeLinks(value.links);
    if (value.part < value.parts) return;
    this.presence.finish();
    this.links.finish();
  }

  #startOver(value: FeedSnapshot): void {
    this.conference = value.conference;
    this.incidents = value.incidents;
    this.holder = value.floor?.holder ?? null;
    this.#seq = value.links?.seq ?? 0;
    this.presence.startOver();
    this.links.startOver();
  }

  #changed(value: LinksGraded): void {
    // A large change comes in parts of one number; hearing one twice changes nothing.
    if (value.seq < this.#seq) return;
    if (value.seq > this.#seq + 1) {
      // Something was missed: only a new snapshot tells what.
      this.#source?.close();
      this.#open();
      return;
    }
    this.#seq = value.seq;
    this.#mergeLinks(value);
  }

  #mergeLinks(value: LinksGraded): void {
    now.learn(value.at);
    this.figuresAt = value.at;
    for (const link of value.links) this.links.set(link.participant, link);
  }

  #mergePresence(values: PresenceNow[]): void {
    for (const value of values) this.presence.set(value.participant.id, value);
  }
}
