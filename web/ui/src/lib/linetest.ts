/** The page's half of a line test: its connection, what it sends in each phase, and what it sees come back. */
import { api, type TestDoor } from "./api";
import {
  amount,
  deviceState,
  entriesOf,
  figuresOf,
  readingOf,
  selectedPair,
  type DeviceState,
  type Entry,
} from "./figures";
import type { LocalMedia } from "./local.svelte";
import { onlyVp8AndOpus, withOpusOptions, withSoundRepair } from "./media";
import type { LineTestNow, LineTestResult, PageFigures } from "./model";
import { noise, type Noise } from "./noise";
import { Problem } from "./problem";
import type { IceServer } from "./wire";

const LOOK_MS = 500;
const CALM_BPS = 500_000;
const MOST_BPS = 7_000_000;
/** Chromium begins with this instead of 300 kbit/s, which a test has not the time to grow from. */
const START_KBPS = 5_000;
const RELAY_MS = 5_000;
const SILENT_MS = 4_000;

export type Speaker = NonNullable<PageFigures["speaker"]>;
type Relays = NonNullable<PageFigures["relays"]>;
type Way = "udp" | "tcp" | "tls";

/** One test; `run` once. `changed` is called with each look at where it stands. */
export class LineTester {
  readonly #pc: RTCPeerConnection;
  readonly #video: RTCRtpTransceiver;
  readonly #noise: Noise = noise();
  #test: string | null = null;
  #phase: LineTestNow["phase"] = "connecting";
  #gone = false;
  readonly #received = new Received();

  constructor(
    private readonly door: TestDoor,
    private readonly local: LocalMedia,
    private readonly relays: readonly IceServer[],
    private readonly changed: (now: LineTestNow) => void,
  ) {
    const iceServers = relays.map(({ urls, username, credential }) => ({
      urls: [...urls],
      username,
      credential,
    }));
    this.#pc = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers });
    this.#video = this.#pc.addTransceiver(local.camera ?? this.#noise.track, {
      direction: "sendonly",
      sendEncodings: [{ maxBitrate: CALM_BPS }],
    });
    this.#pc.addTransceiver(local.microphone ?? "audio", { direction: "sendonly" });
    this.#pc.addTransceiver("video", { direction: "recvonly" });
    this.#pc.addTransceiver("audio", { direction: "recvonly" });
    for (const transceiver of this.#pc.getTransceivers()) onlyVp8AndOpus(transceiver);
  }

  /** The own picture as it comes back from the server. */
  get echo(): MediaStreamTrack {
    return (this.#pc.getTransceivers()[2] as RTCRtpTransceiver).receiver.track;
  }

  /** Runs the test to its end; rejects with a `Problem`. `speaker` is asked for at the end. */
  async run(speaker: () => Speaker): Promise<LineTestResult> {
    try {
      const ways = this.#tryRelays();
      await this.#open();
      const now = await this.#follow();
      const figures = await this.#figures(now);
      if (this.#gone) throw new Problem("linetest.given_up", "", {}, 0);
      const sent: PageFigures = { ...figures, speaker: speaker(), relays: await ways };
      const result = await api.finishLineTest(this.#test ?? "", sent);
      this.#test = null;
      return result;
    } finally {
      this.close();
    }
  }

  /** Gives up, or tidies up; harmless when it is done already. */
  close(): void {
    this.#gone = true;
    if (this.#test !== null) void api.cancelLineTest(this.#test).catch(() => undefined);
    this.#test = null;
    this.#noise.stop();
    this.#pc.close();
  }

  async #open(): Promise<void> {
    const { sdp = "" } = await this.#pc.createOffer();
    await this.#pc.setLocalDescription({ type: "offer", sdp: withOpusOptions(withSoundRepair(sdp)) });
    const [picture, sound, screen, speaker] = this.#pc.getTransceivers().map(({ mid }) => mid ?? "");
    const opened = await api.openLineTest(this.door, {
      sdp: this.#pc.localDescription?.sdp ?? "",
      send: { [picture ?? ""]: "camera", [sound ?? ""]: "microphone" },
      receive: { [screen ?? ""]: "stage", [speaker ?? ""]: "audio1" },
    });
    this.#test = opened.test;
    await this.#pc.setRemoteDescription({ type: "answer", sdp: withStartRate(opened.sdp) });
  }

  /** Looks until the test is over, and sends what its phase asks for. */
  async #follow(): Promise<LineTestNow> {
    for (;;) {
      await new Promise((done) => setTimeout(done, LOOK_MS));
      if (this.#gone) throw new Problem("linetest.given_up", "", {}, 0);
      const now = await api.lookAtLineTest(this.#test ?? "");
      if (now.phase !== this.#phase) await this.#enter(now.phase);
      this.#received.look(this.#phase, await this.#entries());
      this.changed(now);
      if (now.phase === "done" || now.phase === "failed") return now;
    }
  }

  async #enter(phase: LineTestNow["phase"]): Promise<void> {
    this.#phase = phase;
    const loud = phase === "up";
    if (loud || phase === "down") await this.#video.sender.replaceTrack(this.#noise.track);
    const parameters = this.#video.sender.getParameters();
    for (const encoding of parameters.encodings) encoding.maxBitrate = loud ? MOST_BPS : CALM_BPS;
    await this.#video.sender.setParameters(parameters).catch(() => undefined);
  }

  async #entries(): Promise<Entry[]> {
    return entriesOf(await this.#pc.getStats());
  }

  async #figures(now: LineTestNow): Promise<PageFigures> {
    const entries = await this.#entries();
    const reading = readingOf(entries, new Map(), performance.now());
    const { candidate, relay_protocol, network } = figuresOf(reading, reading, entries);
    return {
      ...this.#received.figures(),
      camera: this.#device("camera"),
      microphone: this.#device("microphone"),
      candidate: now.phase === "failed" ? null : candidate,
      relay_protocol,
      network,
    };
  }

  #device(name: "camera" | "microphone"): DeviceState {
    const { camera, microphone, cameraLost, microphoneLost, silentMs } = this.local;
    const isCamera = name === "camera";
    return deviceState({
      track: isCamera ? camera : microphone,
      lost: isCamera ? cameraLost : microphoneLost,
      on: true,
      nothing: !isCamera && silentMs > SILENT_MS ? "silent" : null,
    });
  }

  /** Which ways to the relay give an address there: each is asked alone. */
  async #tryRelays(): Promise<Relays> {
    const tries = this.relays.flatMap(({ urls, ...rest }) => urls.map((url) => ({ url, ...rest })));
    const found = await Promise.all(
      tries.map(async ({ url, username, credential }) => {
        return [wayOf(url), await reaches({ urls: url, username, credential })] as const;
      }),
    );
    const ways: Relays = {};
    for (const [way, works] of found) ways[way] = (ways[way] ?? false) || works;
    return ways;
  }
}

/** What comes down, looked at twice a second. */
class Received {
  #last: { atMs: number; bytes: number } | null = null;
  #rates: number[] = [];
  #calm: { received: number; lost: number } | null = null;
  #lossDown: number | null = null;
  #jitters: number[] = [];
  #rtts: number[] = [];
  #cpu = false;

  look(phase: LineTestNow["phase"], entries: readonly Entry[]): void {
    const atMs = performance.now();
    const sum = (name: string): number =>
      entries.reduce(
        (all, entry) => all + (entry.type === "inbound-rtp" ? Math.max(0, amount(entry[name])) : 0),
        0,
      );
    const pair = selectedPair(entries);
    const bytes = amount(pair?.["bytesReceived"]);
    if (phase === "down" && this.#last) {
      this.#rates.push(((bytes - this.#last.bytes) * 8) / Math.max(1, atMs - this.#last.atMs));
    }
    this.#last = { atMs, bytes };
    const totals = { received: sum("packetsReceived"), lost: sum("packetsLost") };
    if (phase === "steady") {
      this.#calm ??= totals;
      const lost = totals.lost - this.#calm.lost;
      const all = totals.received - this.#calm.received + lost;
      this.#lossDown = all > 0 ? Math.min(1, Math.max(0, lost / all)) : null;
      const jitters = entries.filter((entry) => entry.type === "inbound-rtp");
      this.#jitters.push(Math.max(0, ...jitters.map((entry) => amount(entry["jitter"]) * 1000)));
      if (typeof pair?.["currentRoundTripTime"] === "number") {
        this.#rtts.push(pair["currentRoundTripTime"] * 1000);
      }
    } else {
      const sender = entries.find((entry) => entry.type === "outbound-rtp" && entry["kind"] === "video");
      // While as much as possible is sent, every machine is at its limit.
      this.#cpu ||= phase === "down" && sender?.["qualityLimitationReason"] === "cpu";
    }
  }

  figures(): Partial<PageFigures> {
    return {
      kbps_down: best(this.#rates),
      loss_down: this.#lossDown,
      jitter_down_ms: middle(this.#jitters),
      rtt_ms: middle(this.#rtts),
      cpu_limited: this.#cpu,
    };
  }
}

/** The highest mean over two seconds. */
export function best(rates: readonly number[]): number | null {
  const span = 2000 / LOOK_MS;
  let most: number | null = null;
  for (let at = 0; at + span <= rates.length; at++) {
    const mean = rates.slice(at, at + span).reduce((sum, rate) => sum + rate, 0) / span;
    most = Math.max(most ?? 0, mean);
  }
  return most;
}

function middle(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? null;
}

/** Says in the answer with which rate to begin; browsers that do not know it ignore it. */
export function withStartRate(sdp: string): string {
  return sdp.replace(
    /^a=rtpmap:(\d+) VP8\/90000\r\n/gim,
    `$&a=fmtp:$1 x-google-start-bitrate=${START_KBPS}\r\n`,
  );
}

/** What a relay's address is spoken to by. */
export function wayOf(url: string): Way {
  if (url.startsWith("turns:")) return "tls";
  return /[?&]transport=tcp/i.test(url) ? "tcp" : "udp";
}

/** Whether a relay gives an address. */
async function reaches(server: RTCIceServer): Promise<boolean> {
  const pc = new RTCPeerConnection({ iceServers: [server], iceTransportPolicy: "relay" });
  try {
    return await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), RELAY_MS);
      pc.onicecandidate = ({ candidate }) => {
        if (candidate?.type !== "relay") return;
        clearTimeout(timer);
        resolve(true);
      };
      pc.addTransceiver("audio");
      void pc.setLocalDescription();
    });
  } finally {
    pc.close();
  }
}
