/** What this endpoint sees of its own media, from two readings of the browser's statistics. Pure. */
import type { EndpointFigures, Schemas } from "./wire";

export type DeviceState = Schemas["DeviceState"];
export type MediaFigures = Omit<
  EndpointFigures,
  "camera" | "microphone" | "skew_ms" | "skew_error_ms" | "rtt_ms" | "loss_down"
>;

export type Entry = Record<string, unknown> & { type: string; id: string };

/** A slot that is received: whose picture it shows now; null while it is empty. */
export interface Shown {
  slot: string;
  owner: string | null;
}

export interface Reading {
  atMs: number;
  streams: Map<string, Stream>;
}

interface Stream {
  entry: Entry;
  owner: string | null;
}

const LIMITS = ["cpu", "bandwidth", "other", "none"] as const;
const BUSY_SHARE = 0.8;

/** The entries of the browser's report. */
export function entriesOf(report: RTCStatsReport): Entry[] {
  const entries: Entry[] = [];
  report.forEach((entry: Entry) => entries.push(entry));
  return entries;
}

/** A reading to be compared with the next; `shown` says by mid what is in the slots, the most important first. */
export function readingOf(
  entries: readonly Entry[],
  shown: ReadonlyMap<string, Shown>,
  atMs: number,
): Reading {
  const streams = new Map<string, Stream>();
  for (const [mid, { owner }] of shown) {
    const entry = entries.find((each) => each.type === "inbound-rtp" && each["mid"] === mid);
    if (entry) streams.set(entry.id, { entry, owner });
  }
  return { atMs, streams };
}

/** The figures of the period between two readings of one connection; `entries` are those of the later one. */
export function figuresOf(before: Reading, after: Reading, entries: readonly Entry[]): MediaFigures {
  const seconds = Math.max(0.001, (after.atMs - before.atMs) / 1000);
  const pairs = [...after.streams.values()]
    .map((now) => ({ now, then: before.streams.get(now.entry.id) }))
    .filter((pair): pair is { now: Stream; then: Stream } => pair.then !== undefined);
  const pictures = pairs.filter(({ now }) => now.entry["kind"] === "video");
  // The gap before somebody else's picture is no freeze of theirs.
  const steady = pictures.filter(({ now, then }) => now.owner !== null && now.owner === then.owner);
  const frozen = steady.map((pair) => Math.min(1, grown(pair, "totalFreezesDuration") / seconds));
  const decoding = pictures.map((pair) => grown(pair, "totalDecodeTime") / seconds);
  const main = pictures.find(
    ({ now, then }) => now.owner !== null && grown({ now, then }, "framesDecoded") > 0,
  );
  const sending = sent(entries);
  return {
    seconds: Math.min(600, seconds),
    freezes: steady.reduce((sum, pair) => sum + grown(pair, "freezeCount"), 0),
    frozen_share: frozen.length > 0 ? Math.max(...frozen) : null,
    fps: main ? grown(main, "framesDecoded") / seconds : null,
    width: main ? known(main.now.entry["frameWidth"]) : null,
    height: main ? known(main.now.entry["frameHeight"]) : null,
    concealed: concealed(pairs),
    ...sending,
    cpu_limited:
      sending.encoder_limit === null && decoding.length === 0
        ? null
        : sending.encoder_limit === "cpu" || decoding.some((share) => share > BUSY_SHARE),
    ...way(entries),
  };
}

/** Of the sound that came; made-up silence is not heard, and nothing is missed where nothing was sent. */
function concealed(pairs: readonly { now: Stream; then: Stream }[]): number | null {
  const sounds = pairs.filter(
    (pair) => pair.now.entry["kind"] === "audio" && grown(pair, "packetsReceived") > 0,
  );
  const all = sounds.reduce((sum, pair) => sum + grown(pair, "totalSamplesReceived"), 0);
  const made = sounds.reduce(
    (sum, pair) => sum + Math.max(0, grown(pair, "concealedSamples") - grown(pair, "silentConcealedSamples")),
    0,
  );
  return all > 0 ? Math.min(1, made / all) : null;
}

function sent(entries: readonly Entry[]): Pick<MediaFigures, "sent_fps" | "sent_height" | "encoder_limit"> {
  const layers = entries.filter(
    (entry) =>
      entry.type === "outbound-rtp" && entry["kind"] === "video" && amount(entry["framesPerSecond"]) > 0,
  );
  const largest = layers.reduce<Entry | null>(
    (best, layer) => (best && amount(best["frameHeight"]) >= amount(layer["frameHeight"]) ? best : layer),
    null,
  );
  return {
    sent_fps: largest ? known(largest["framesPerSecond"]) : null,
    sent_height: largest ? known(largest["frameHeight"]) : null,
    encoder_limit:
      LIMITS.find((limit) => layers.some((layer) => layer["qualityLimitationReason"] === limit)) ?? null,
  };
}

/** The candidate pair that carries the media: named by the transport, or by Firefox on the pair itself. */
export function selectedPair(entries: readonly Entry[]): Entry | undefined {
  const transport = entries.find((entry) => entry.type === "transport" && entry["selectedCandidatePairId"]);
  return transport
    ? entries.find(({ id }) => id === transport["selectedCandidatePairId"])
    : entries.find((entry) => entry.type === "candidate-pair" && entry["selected"] === true);
}

/** The local end of the pair that carries the media. */
function way(entries: readonly Entry[]): Pick<MediaFigures, "candidate" | "relay_protocol" | "network"> {
  const pair = selectedPair(entries);
  const local = entries.find(({ id }) => pair !== undefined && id === pair["localCandidateId"]);
  return {
    candidate: oneOf(["host", "srflx", "prflx", "relay"] as const, local?.["candidateType"]),
    relay_protocol: oneOf(["udp", "tcp", "tls"] as const, local?.["relayProtocol"]),
    network: network(local?.["networkType"]),
  };
}

/** The names of webrtc-stats and of the Network Information API; null where the browser does not say. */
export function network(name: unknown): MediaFigures["network"] {
  if (typeof name !== "string" || name === "unknown" || name === "none" || name === "") return null;
  return oneOf(["ethernet", "wifi", "cellular"] as const, name) ?? "other";
}

/** What a device is to be called, from what the page knows of it. */
export function deviceState(device: {
  track: Pick<MediaStreamTrack, "muted" | "readyState"> | null;
  lost: boolean;
  on: boolean;
  nothing: "black" | "silent" | null;
}): DeviceState {
  if (device.track === null) return device.lost ? "ended" : "missing";
  if (device.track.readyState === "ended") return "ended";
  if (!device.on) return "muted";
  if (device.track.muted) return "withheld";
  return device.nothing ?? "ok";
}

/** Whether a picture (RGBA) is black: dark on the whole, and nowhere bright. Noise of a covered lens is dark too. */
export function isBlack(pixels: ArrayLike<number>): boolean {
  let sum = 0;
  let most = 0;
  for (let at = 0; at + 3 < pixels.length; at += 4) {
    const luma = 0.2126 * (pixels[at] ?? 0) + 0.7152 * (pixels[at + 1] ?? 0) + 0.0722 * (pixels[at + 2] ?? 0);
    sum += luma;
    most = Math.max(most, luma);
  }
  return pixels.length >= 4 && sum / (pixels.length / 4) < 16 && most < 40;
}

function grown({ now, then }: { now: Stream; then: Stream }, name: string): number {
  return Math.max(0, amount(now.entry[name]) - amount(then.entry[name]));
}

/** A figure as a number; what is not told counts as nothing. */
export function amount(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function known(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function oneOf<T extends string>(names: readonly T[], value: unknown): T | null {
  return names.find((name) => name === value) ?? null;
}
