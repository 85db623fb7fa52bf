/** One place in one conference: signaling and media held together, as the state that a page shows. */
import { LocalMedia } from "./local.svelte";
import { isAudio, MediaLink } from "./media";
import { LiveMap } from "./livemap.svelte";
import { now } from "./now.svelte";
import { Problem } from "./problem";
import { Signaling, type LinkState } from "./signaling";
import { Reporter } from "./reporter";
import { Screen } from "./screen.svelte";
import { readStats, type LineStats } from "./stats";
import { isTile } from "./tiles";
import { toasts } from "./toasts.svelte";
import { explain } from "./i18n/errors";
import type {
  Command,
  PublishDirective,
  RosterEntry,
  SessionMessage,
  SlotName,
  StateView,
  StopWarning,
  Welcome,
} from "./wire";

const STATS_MS = 2000;
const MEDIA_BACKOFF_MS = [500, 1000, 2000, 4000, 8000];
const SILENT: PublishDirective = {
  type: "publish",
  microphone: false,
  camera: "off",
  content: false,
  layers: null,
};

export class Room {
  link = $state.raw<LinkState>({ kind: "connecting" });
  welcome = $state.raw<Welcome | null>(null);
  view = $state.raw<StateView | null>(null);
  /** The newest word that the conference's time is running out. */
  warning = $state.raw<StopWarning | null>(null);
  readonly roster = new LiveMap<RosterEntry>();
  directive = $state.raw<PublishDirective>(SILENT);
  media = $state<RTCPeerConnectionState>("new");
  mediaProblem = $state.raw<Problem | null>(null);
  streams = $state.raw<Partial<Record<SlotName, MediaStream>>>({});
  stats = $state.raw<LineStats | null>(null);
  /** Slots whose picture the line here cannot carry. */
  paused = $state.raw<readonly SlotName[]>([]);
  /** The person's own switches; the chair's are in `view.muted` and the directive. */
  microphoneOn = $state(true);
  cameraOn = $state(true);
  readonly screen = new Screen(() => void this.stopSharing());

  readonly #signaling: Signaling;
  readonly #reporter: Reporter;
  #media: MediaLink | null = null;
  #mediaAttempt = 0;
  #mediaRetry: ReturnType<typeof setTimeout> | undefined;
  readonly #statsTimer: ReturnType<typeof setInterval>;
  readonly #leave = (): void => this.close();
  readonly #moved = (): void => void this.#mend();

  constructor(
    url: string,
    token: string,
    readonly local: LocalMedia,
  ) {
    this.#reporter = new Reporter(local);
    this.#statsTimer = setInterval(() => void this.#readStats(), STATS_MS);
    addEventListener("pagehide", this.#leave);
    addEventListener("online", this.#moved);
    connection()?.addEventListener("change", this.#moved);
    window.__diemcau = { stats: () => this.stats };
    this.#signaling = new Signaling(url, token, {
      state: (state) => this.#linkChanged(state),
      welcome: (welcome) => this.#welcomed(welcome),
      message: (message) => this.#take(message),
      serverTime: (at) => now.learn(at),
    });
  }

  /** Whether microphone sound leaves this computer now. */
  get speaking(): boolean {
    return this.directive.microphone && this.microphoneOn && this.local.microphone !== null;
  }

  get sending(): boolean {
    return this.directive.camera !== "off" && this.cameraOn && this.local.camera !== null;
  }

  get over(): boolean {
    return this.link.kind === "ended" || this.link.kind === "refused";
  }

  /** Sends a command; says so on the page when it is refused. True when accepted. */
  async command(command: Command): Promise<boolean> {
    try {
      await this.#signaling.command(command);
      return true;
    } catch (error) {
      toasts.problem(explain(Problem.from(error)));
      return false;
    }
  }

  /** Sends what the directive and the person's own switches allow; call it when either or the devices changed. */
  publish(): void {
    const { microphone, camera } = this.local.tracks;
    const tracks = {
      microphone: this.microphoneOn ? microphone : null,
      camera: this.cameraOn ? camera : null,
      content: this.screen.track,
    };
    void this.#media?.publish(tracks, this.directive);
  }

  /** Lets the person choose a screen and sends it; asks the chair first where that is needed. */
  async share(): Promise<void> {
    const me = this.welcome?.participant;
    if (!me) return;
    try {
      if (!(await this.screen.choose())) return;
    } catch (error) {
      return toasts.problem(explain(Problem.from(error)));
    }
    this.publish();
    if (this.view?.content.holder?.id === me.id) return;
    const asked = await this.command(
      me.role === "chair" ? { type: "grant_content", participant: me.id } : { type: "request_content" },
    );
    if (!asked) this.screen.close();
  }

  /** Ends the own sharing, or the wish to. */
  async stopSharing(): Promise<void> {
    this.screen.close();
    this.publish();
    await this.command({ type: "release_content" });
  }

  retryMedia(): void {
    this.#mediaAttempt = 0;
    void this.#connectMedia();
  }

  close(): void {
    removeEventListener("pagehide", this.#leave);
    removeEventListener("online", this.#moved);
    connection()?.removeEventListener("change", this.#moved);
    clearInterval(this.#statsTimer);
    this.#reporter.close();
    this.screen.close();
    this.#signaling.close();
    this.#closeMedia();
  }

  #linkChanged(state: LinkState): void {
    this.link = state;
    if (this.over) {
      clearInterval(this.#statsTimer);
      this.screen.close();
      this.#closeMedia();
    }
  }

  #welcomed(welcome: Welcome): void {
    this.welcome = welcome;
    if (welcome.resumed && this.#media?.mendable) {
      if (this.#media.pc.connectionState !== "connected") void this.#mend();
      return;
    }
    if (!welcome.resumed) {
      this.roster.startOver();
      this.roster.finish();
    }
    this.#mediaAttempt = 0;
    void this.#connectMedia();
  }

  #take(message: SessionMessage): void {
    switch (message.type) {
      case "state":
        this.#sharingChanged(this.view, message);
        this.view = message;
        return;
      case "publish":
        this.directive = message;
        return this.publish();
      case "roster":
        if (message.full) this.roster.startOver();
        for (const entry of message.entries) this.roster.set(entry.participant.id, entry);
        if (message.full) this.roster.finish();
        return;
      case "leg":
        this.paused = message.paused;
        if (message.state === "silent") void this.#mend();
        if (message.state === "failed" && this.#media) this.#mediaFailed(this.#media);
        return;
      case "reconnect":
        return void this.#reconnect();
      case "warning":
        this.warning = message;
        return;
      case "ended":
        return;
    }
  }

  /** The chair's "no" also ends what the browser shows as being shared. */
  #sharingChanged(before: StateView | null, after: StateView): void {
    const status = after.content.my_status;
    if (before?.content.my_status !== status && (status === "denied" || status === "revoked")) {
      this.screen.close();
    }
  }

  async #connectMedia(): Promise<void> {
    const slots = this.welcome?.slots;
    if (!slots || this.link.kind !== "up") return;
    this.#closeMedia();
    const media: MediaLink = new MediaLink(
      slots,
      () => this.#mediaFailed(media),
      () => void this.#mend(),
      (state) => this.#mediaChanged(state),
      this.welcome?.ice_servers,
    );
    this.#media = media;
    this.streams = Object.fromEntries(
      slots.map((slot) => [slot, new MediaStream([media.track(slot)].filter((track) => track !== null))]),
    );
    try {
      const answer = await this.#signaling.connect(await media.offer());
      if (this.#media !== media) return;
      await media.accept(answer);
      this.publish();
    } catch (error) {
      if (this.#media === media) this.#offerRefused(media, Problem.from(error));
    }
  }

  /** Looks for another way for the connection that there is, which costs no picture; only then for a new connection. */
  async #mend(): Promise<void> {
    const media = this.#media;
    // A cut WebSocket comes back first; its welcome looks after the media.
    if (!media?.mendable || this.link.kind !== "up") return;
    try {
      const offer = await media.restartOffer(this.welcome?.ice_servers);
      if (offer !== null) await media.acceptRestart(await this.#signaling.restart(offer));
    } catch (error) {
      await media.acceptRestart(null);
      if (Problem.from(error).code !== "signaling.cut") this.#mediaFailed(media);
    }
  }

  /** A technician wants it: another way for this connection, or a new one. */
  async #reconnect(): Promise<void> {
    if (this.#media?.mendable) return this.#mend();
    this.#mediaAttempt = 0;
    await this.#connectMedia();
  }

  #offerRefused(media: MediaLink, problem: Problem): void {
    if (!problem.code.startsWith("signaling.")) this.mediaProblem = problem;
    this.#mediaFailed(media);
  }

  #mediaChanged(state: RTCPeerConnectionState): void {
    this.media = state;
    if (state === "connected") {
      this.#mediaAttempt = 0;
      this.mediaProblem = null;
    }
  }

  #mediaFailed(media: MediaLink): void {
    if (media !== this.#media) return;
    this.media = "failed";
    media.close();
    clearTimeout(this.#mediaRetry);
    const wait = MEDIA_BACKOFF_MS[Math.min(this.#mediaAttempt, MEDIA_BACKOFF_MS.length - 1)];
    this.#mediaAttempt += 1;
    this.#mediaRetry = setTimeout(() => void this.#connectMedia(), wait);
  }

  #closeMedia(): void {
    clearTimeout(this.#mediaRetry);
    this.#media?.close();
    this.#media = null;
    this.stats = null;
    this.media = "new";
  }

  async #readStats(): Promise<void> {
    const media = this.#media;
    const slots = this.welcome?.slots ?? [];
    if (!media || media.pc.connectionState !== "connected") return;
    const report = await media.pc.getStats();
    if (media !== this.#media) return;
    const large = slots.filter((slot) => !isAudio(slot) && !isTile(slot));
    const stats = (this.stats = readStats(report, media, large, this.stats));
    const switches = { microphone: this.microphoneOn, camera: this.cameraOn };
    const skew = this.#signaling.skew;
    const figures = this.#reporter.figures(media, report, slots, this.view, stats, switches, skew);
    if (figures) this.#signaling.report(figures);
  }
}

/** What a browser says about the network that it is on, where it does. */
function connection(): EventTarget | null {
  return (navigator as Navigator & { connection?: EventTarget }).connection ?? null;
}

declare global {
  interface Window {
    /** The newest reading of the media connection, for support and for measuring from outside. */
    __diemcau?: { stats(): LineStats | null };
  }
}
