/**
 * The signaling WebSocket (docs/signaling.md): hello, beats, requests with ids, and coming back after a cut.
 *
 * Knows nothing of media or of the page; it reports what happens to its listener.
 */
import { Problem } from "./problem";
import { SkewFilter, type Skew } from "./skew";
import type {
  ClientMessage,
  Command,
  EndpointFigures,
  EndReason,
  MediaOffer,
  ServerMessage,
  SessionMessage,
  Welcome,
  WireError,
} from "./wire";

const PROTOCOL = "diemcau.v1";
const BACKOFF_MS = [300, 1000, 2000, 4000, 5000];
/** The server says that coming back by itself would meet the same answer: done, too large, bad message, refused. */
const REFUSED_CODES = new Set([1000, 1009, 4400, 4401]);
const WAITING_ROOM_MS = 4000;
const REQUEST_MS = 15_000;
const OPEN_MS = 8000;

export type LinkState =
  | { kind: "connecting" }
  | { kind: "up" }
  /** Cut since `since` (ms); `everOpened` is false when no WebSocket to this server has ever opened. */
  | { kind: "cut"; since: number; everOpened: boolean }
  /** The server said "not yet"; the page keeps asking. */
  | { kind: "waiting"; problem: Problem }
  | { kind: "refused"; problem: Problem }
  | { kind: "ended"; reason: EndReason };

export interface Listener {
  state(state: LinkState): void;
  welcome(welcome: Welcome): void;
  message(message: SessionMessage): void;
  serverTime(at: string): void;
}

interface Pending {
  resolve(message: ServerMessage): void;
  reject(problem: Problem): void;
  timer: ReturnType<typeof setTimeout>;
}

export class Signaling {
  #socket: WebSocket | null = null;
  #resume: { session: string; key: string } | null = null;
  #pending = new Map<number, Pending>();
  #nextId = 1;
  #attempt = 0;
  #everOpened = false;
  #cutSince: number | null = null;
  #lastHeard = 0;
  #lastError: WireError | null = null;
  #over = false;
  readonly #skew = new SkewFilter();
  /** The last beat, and when it was sent by both clocks. */
  #beat = { id: -1, wallMs: 0, atMs: 0 };
  #beatTimer: ReturnType<typeof setInterval> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #openTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #online = (): void => this.#retryNow();

  constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly listener: Listener,
  ) {
    addEventListener("online", this.#online);
    listener.state({ kind: "connecting" });
    this.#open();
  }

  command(command: Command): Promise<void> {
    return this.#request((id) => ({ type: "command", id, command })).then(() => undefined);
  }

  async connect(offer: MediaOffer): Promise<string> {
    const answer = await this.#request((id) => ({ type: "connect", id, ...offer }));
    if (answer.type !== "answer")
      throw new Problem("signaling.bad_answer", "The server did not answer the offer.");
    return answer.sdp;
  }

  /** Offers the same connection over another way. */
  async restart(sdp: string): Promise<string> {
    const answer = await this.#request((id) => ({ type: "restart", id, sdp }));
    if (answer.type !== "answer")
      throw new Problem("signaling.bad_answer", "The server did not answer the offer.");
    return answer.sdp;
  }

  /** This computer's clock against the server's; null before the first beat was answered. */
  get skew(): Skew | null {
    return this.#skew.best;
  }

  /** Tells what this endpoint sees of its media; what it does not know is left out. Lost while there is no connection. */
  report(figures: EndpointFigures): void {
    if (this.#cutSince !== null || this.#resume === null) return;
    const known = Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== null));
    this.#send({ type: "report", figures: known as EndpointFigures });
  }

  /** Leaves for good, telling the server. */
  close(): void {
    this.#send({ type: "bye" });
    this.#finish();
  }

  #send(message: ClientMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #open(): void {
    const socket = new WebSocket(this.url, PROTOCOL);
    this.#socket = socket;
    this.#lastError = null;
    this.#openTimer = setTimeout(() => this.#dropped(socket, 1006, ""), OPEN_MS);
    socket.onopen = () => {
      this.#everOpened = true;
      this.#send({ type: "hello", version: 1, token: this.token, resume: this.#resume, point: null });
    };
    socket.onmessage = (event: MessageEvent<string>) => this.#take(JSON.parse(event.data) as ServerMessage);
    socket.onclose = (event) => this.#dropped(socket, event.code, event.reason);
  }

  #take(message: ServerMessage): void {
    this.#lastHeard = Date.now();
    switch (message.type) {
      case "welcome":
        return this.#welcomed(message);
      case "beat":
        this.#learnTime(message.id, message.server_time);
        return this.listener.serverTime(message.server_time);
      case "answer":
      case "accepted":
        return this.#settle(message.id, (pending) => pending.resolve(message));
      case "error":
        return this.#failed(message);
      case "ended":
        this.#finish();
        return this.listener.state({ kind: "ended", reason: message.reason });
      default:
        return this.listener.message(message);
    }
  }

  #welcomed(welcome: Welcome): void {
    clearTimeout(this.#openTimer);
    this.#attempt = 0;
    this.#cutSince = null;
    this.#resume = { session: welcome.session, key: welcome.key };
    this.#startBeats(welcome.beat_seconds * 1000);
    this.listener.serverTime(welcome.server_time);
    this.listener.state({ kind: "up" });
    this.listener.welcome(welcome);
  }

  #failed(message: WireError): void {
    if (message.id === null) this.#lastError = message;
    if (message.id !== null) this.#settle(message.id, (pending) => pending.reject(problemOf(message)));
  }

  #settle(id: number, how: (pending: Pending) => void): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    how(pending);
  }

  #request(message: (id: number) => ClientMessage): Promise<ServerMessage> {
    if (this.#socket?.readyState !== WebSocket.OPEN || this.#cutSince !== null) {
      return Promise.reject(new Problem("signaling.cut", "Not connected now.", {}, 0, true));
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          this.#settle(id, () => reject(new Problem("signaling.timeout", "No answer in time.", {}, 0, true))),
        REQUEST_MS,
      );
      this.#pending.set(id, { resolve, reject, timer });
      this.#send(message(id));
    });
  }

  #startBeats(periodMs: number): void {
    clearInterval(this.#beatTimer);
    const socket = this.#socket;
    this.#beatTimer = setInterval(() => {
      if (!socket || socket !== this.#socket) return;
      if (Date.now() - this.#lastHeard > 2 * periodMs) return this.#dropped(socket, 1006, "");
      this.#beat = { id: this.#nextId++, wallMs: Date.now(), atMs: performance.now() };
      this.#send({ type: "beat", id: this.#beat.id });
    }, periodMs);
  }

  #learnTime(id: number, serverTime: string): void {
    const { id: sent, wallMs, atMs } = this.#beat;
    if (id === sent) this.#skew.take(wallMs, performance.now() - atMs, Date.parse(serverTime));
  }

  #dropped(socket: WebSocket, code: number, reason: string): void {
    if (socket !== this.#socket || this.#over) return;
    this.#detach();
    const cut = new Problem("signaling.cut", "The connection was cut.", {}, 0, true);
    for (const id of [...this.#pending.keys()]) this.#settle(id, (pending) => pending.reject(cut));
    if (code === 4409 || code === 4410) {
      this.#finish();
      return this.listener.state({ kind: "ended", reason: code === 4409 ? "replaced" : "closed" });
    }
    if (REFUSED_CODES.has(code)) return this.#refused(reason);
    if (this.#lastError?.code === "join.not_open") return this.#notYet(this.#lastError);
    this.#cutSince ??= Date.now();
    this.listener.state({ kind: "cut", since: this.#cutSince, everOpened: this.#everOpened });
    this.#retryIn(jittered(BACKOFF_MS[Math.min(this.#attempt, BACKOFF_MS.length - 1)] ?? 5000));
  }

  #refused(reason: string): void {
    const problem = this.#lastError
      ? problemOf(this.#lastError)
      : new Problem(reason || "signaling.refused", "The server refused the connection.");
    this.#finish();
    this.listener.state({ kind: "refused", problem });
  }

  #notYet(error: WireError): void {
    this.#resume = null;
    this.listener.state({ kind: "waiting", problem: problemOf(error) });
    this.#retryIn(jittered(WAITING_ROOM_MS));
  }

  #retryIn(ms: number): void {
    this.#attempt += 1;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#open(), ms);
  }

  #retryNow(): void {
    if (this.#over || this.#socket) return;
    clearTimeout(this.#retryTimer);
    this.#open();
  }

  #detach(): void {
    clearInterval(this.#beatTimer);
    clearTimeout(this.#openTimer);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #finish(): void {
    this.#over = true;
    removeEventListener("online", this.#online);
    clearTimeout(this.#retryTimer);
    this.#detach();
  }
}

function problemOf({ code, detail, data, status, retry }: WireError): Problem {
  return new Problem(code, detail, data, status, retry);
}

/** Between half and all of `ms`, so that 500 halls cut at once do not come back at once. */
function jittered(ms: number): number {
  return ms * (0.5 + Math.random() / 2);
}
