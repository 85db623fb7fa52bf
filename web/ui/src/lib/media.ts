/**
 * The media connection: one offer that holds every slot and one answer; after that only its way is ever negotiated anew.
 *
 * What is sent follows the server's directives by `replaceTrack` and `setParameters`, which need no negotiation.
 */
import { sendBlack } from "./blackpicture";
import { isTile } from "./tiles";
import type { CameraLevel, IceServer, MediaOffer, PublishDirective, SlotName, TrackName } from "./wire";

/** Simulcast layers from small to large; `rid` names are known to the server. */
const LAYERS: RTCRtpEncodingParameters[] = [
  { rid: "l", scaleResolutionDownBy: 4, maxBitrate: 150_000, active: false },
  { rid: "m", scaleResolutionDownBy: 2, maxBitrate: 500_000, active: false },
  { rid: "h", scaleResolutionDownBy: 1, maxBitrate: 1_500_000, active: false },
];
/** Of a shared screen: sharp first; the small one is for lines that cannot carry it. */
const CONTENT_LAYERS: RTCRtpEncodingParameters[] = [
  { rid: "l", scaleResolutionDownBy: 2, maxBitrate: 300_000, maxFramerate: 5, active: false },
  { rid: "h", scaleResolutionDownBy: 1, maxBitrate: 1_800_000, maxFramerate: 15, active: false },
];
/** Shorter gaps heal by themselves. */
const DISCONNECTED_MS = 1000;
const CONNECT_MS = 15_000;
const RESTART_MS = 8000;

/** Pictures a second of a small picture; it is one of many. */
const TILE_FPS = 7;
/** All that a tile's packets need to say beside their payload; the rest would make its offer twice as long. */
const TILE_EXTENSIONS = ["urn:ietf:params:rtp-hdrext:sdes:mid", "abs-send-time"];

export interface LocalTracks {
  microphone: MediaStreamTrack | null;
  camera: MediaStreamTrack | null;
  content: MediaStreamTrack | null;
}

export function isAudio(slot: SlotName): boolean {
  return slot.startsWith("audio");
}

/** The layers that a level asks for; of the full picture only those that somebody receives (null: all). */
export function activeLayers(
  level: CameraLevel,
  received: readonly string[] | null = null,
): ReadonlySet<string> {
  if (level === "off") return new Set();
  return new Set(level === "tile" ? ["l"] : (received ?? ["l", "m", "h"]));
}

export class MediaLink {
  readonly pc: RTCPeerConnection;
  readonly #microphone: RTCRtpTransceiver;
  readonly #camera: RTCRtpTransceiver;
  /** Null where the server has no slot for shared screens. */
  readonly #content: RTCRtpTransceiver | null;
  readonly #receivers = new Map<SlotName, RTCRtpTransceiver>();
  #failTimer: ReturnType<typeof setTimeout> | undefined;
  #wasConnected = false;
  #restarting = false;
  #directive: PublishDirective = {
    type: "publish",
    microphone: false,
    camera: "off",
    content: false,
    layers: null,
  };
  #tracks: LocalTracks = { microphone: null, camera: null, content: null };
  #applying: Promise<void> = Promise.resolve();

  /**
   * `cut` is called when the way to the server is lost and shall be looked for anew (`restartOffer`), `failed` once,
   * when the connection is beyond help and a new one is needed.
   */
  constructor(
    slots: readonly SlotName[],
    private readonly failed: () => void,
    private readonly cut: () => void,
    private readonly changed: (state: RTCPeerConnectionState) => void,
    relays: readonly IceServer[] = [],
  ) {
    this.pc = new RTCPeerConnection({
      bundlePolicy: "max-bundle",
      iceServers: asServers(relays),
    });
    this.#microphone = this.pc.addTransceiver("audio", { direction: "sendonly" });
    this.#camera = this.pc.addTransceiver("video", { direction: "sendonly", sendEncodings: LAYERS });
    const shares = slots.includes("content");
    this.#content = shares
      ? this.pc.addTransceiver("video", { direction: "sendonly", sendEncodings: CONTENT_LAYERS })
      : null;
    if (this.#content) prefer(this.#content, "video");
    prefer(this.#microphone, "audio");
    prefer(this.#camera, "video");
    for (const slot of slots) {
      const kind = isAudio(slot) ? "audio" : "video";
      const transceiver = this.pc.addTransceiver(kind, { direction: "recvonly" });
      prefer(transceiver, kind);
      if (isTile(slot)) spare(transceiver);
      this.#receivers.set(slot, transceiver);
    }
    this.pc.onconnectionstatechange = () => this.#watch();
  }

  /** What arrives in a slot; the track lives as long as the connection and is black or silent while empty. */
  track(slot: SlotName): MediaStreamTrack | null {
    return this.#receivers.get(slot)?.receiver.track ?? null;
  }

  mid(slot: SlotName): string | null {
    return this.#receivers.get(slot)?.mid ?? null;
  }

  /** Makes the offer. The server is ICE-lite and learns our address from our checks: no candidate is waited for. */
  async offer(): Promise<MediaOffer> {
    await this.#describe();
    const receive: Record<string, SlotName> = {};
    for (const [slot, { mid }] of this.#receivers) if (mid !== null) receive[mid] = slot;
    const send: Record<string, TrackName> = {};
    if (this.#microphone.mid !== null) send[this.#microphone.mid] = "microphone";
    if (this.#camera.mid !== null) send[this.#camera.mid] = "camera";
    if (this.#content?.mid) send[this.#content.mid] = "content";
    return { sdp: this.pc.localDescription?.sdp ?? "", receive, send };
  }

  /** Whether it may still be asked to look for another way; one whose keys were never agreed on cannot. */
  get mendable(): boolean {
    return this.#wasConnected && this.pc.connectionState !== "closed";
  }

  /**
   * The offer of an ICE restart (RFC 8445 section 9): a new way, perhaps by other relays; all else stays. Null while one
   * is under way already. When it does not bring the connection back in time, `failed` is called.
   */
  async restartOffer(relays: readonly IceServer[] = []): Promise<string | null> {
    if (this.#restarting) return null;
    this.#restarting = true;
    clearTimeout(this.#failTimer);
    this.pc.setConfiguration({ ...this.pc.getConfiguration(), iceServers: asServers(relays) });
    this.pc.restartIce();
    await this.#describe();
    return this.pc.localDescription?.sdp ?? "";
  }

  /** The answer to `restartOffer`; null: there will be none, the connection to the server was cut meanwhile. */
  async acceptRestart(sdp: string | null): Promise<void> {
    try {
      if (sdp === null) return;
      await this.pc.setRemoteDescription({ type: "answer", sdp });
      this.#failTimer = setTimeout(() => this.#judge(), RESTART_MS);
    } finally {
      this.#restarting = false;
    }
  }

  async accept(sdp: string): Promise<void> {
    await this.pc.setRemoteDescription({ type: "answer", sdp });
    await this.publish(this.#tracks, this.#directive);
  }

  /** Sends from now on what `directive` asks for, of the tracks there are. Calls are applied in order. */
  publish(tracks: LocalTracks, directive: PublishDirective): Promise<void> {
    this.#tracks = tracks;
    this.#directive = directive;
    this.#applying = this.#applying.then(() => this.#apply()).catch(() => undefined);
    return this.#applying;
  }

  close(): void {
    clearTimeout(this.#failTimer);
    this.pc.onconnectionstatechange = null;
    this.pc.close();
  }

  async #apply(): Promise<void> {
    const { microphone, camera, content } = this.#tracks;
    const directive = this.#directive;
    await this.#microphone.sender.replaceTrack(directive.microphone ? microphone : null);
    const fps = directive.camera === "tile" ? TILE_FPS : undefined;
    await send(this.#camera.sender, camera, activeLayers(directive.camera, directive.layers), (layer) => {
      if (fps === undefined) delete layer.maxFramerate;
      else layer.maxFramerate = fps;
    });
    if (this.#content) {
      const layers = new Set(directive.content ? CONTENT_LAYERS.map((layer) => layer.rid ?? "") : []);
      await send(this.#content.sender, content, layers);
    }
  }

  /** Without having sent a picture, the browser would not say what its line carries. */
  #introduce(): void {
    const { sender } = this.#camera;
    const needless = (): boolean =>
      this.#directive.camera !== "off" || this.pc.connectionState !== "connected";
    this.#applying = this.#applying
      .then(() => sendBlack(sender, (black) => send(sender, black, activeLayers("tile")), needless))
      .catch(() => undefined);
    void this.publish(this.#tracks, this.#directive);
  }

  async #describe(): Promise<void> {
    const { sdp } = await this.pc.createOffer();
    await this.pc.setLocalDescription({ type: "offer", sdp: withOpusOptions(withSoundRepair(sdp ?? "")) });
  }

  /** A restart had its time. */
  #judge(): void {
    if (this.pc.connectionState !== "connected") this.failed();
  }

  #watch(): void {
    const state = this.pc.connectionState;
    this.changed(state);
    if (state === "connected") {
      if (!this.#wasConnected) this.#introduce();
      this.#wasConnected = true;
      clearTimeout(this.#failTimer);
    }
    if (this.#wasConnected) return this.#watchWay(state);
    clearTimeout(this.#failTimer);
    if (state === "failed") return this.failed();
    if (state === "connecting") this.#failTimer = setTimeout(() => this.failed(), CONNECT_MS);
  }

  /** Once connected: a lasting gap needs another way, and only then another connection. */
  #watchWay(state: RTCPeerConnectionState): void {
    if (this.#restarting) return;
    if (state === "failed") this.cut();
    if (state !== "disconnected") return;
    clearTimeout(this.#failTimer);
    this.#failTimer = setTimeout(() => this.cut(), DISCONNECTED_MS);
  }
}

function asServers(relays: readonly IceServer[]): RTCIceServer[] {
  return relays.map(({ urls, username, credential }) => ({ urls: [...urls], username, credential }));
}

/** Sends these layers of `track` from now on, and nothing of it when there are none. */
async function send(
  sender: RTCRtpSender,
  track: MediaStreamTrack | null,
  layers: ReadonlySet<string>,
  adjust: (layer: RTCRtpEncodingParameters) => void = () => undefined,
): Promise<void> {
  const wanted = (encoding: RTCRtpEncodingParameters): boolean =>
    track !== null && layers.has(encoding.rid ?? "");
  await sender.replaceTrack(layers.size > 0 ? track : null);
  const parameters = sender.getParameters();
  const before = JSON.stringify(parameters.encodings);
  for (const encoding of parameters.encodings) {
    encoding.active = wanted(encoding);
    if (encoding.active) adjust(encoding);
  }
  if (JSON.stringify(parameters.encodings) === before) return;
  await sender.setParameters(parameters);
}

/** Browsers ask for lost sound again as they do for pictures, but only where the descriptions say so (RFC 4585). */
export function withSoundRepair(sdp: string): string {
  return sdp.replace(/^a=rtpmap:(\d+) opus\/48000\/2\r\n/gim, "$&a=rtcp-fb:$1 nack\r\n");
}

/** What we ask senders of sound for: repair from the next packet, and nothing sent in silence (RFC 7587 section 6.1). */
const OPUS_OPTIONS = ["useinbandfec=1", "usedtx=1"];

/** Asks for them in every section that has sound; the browser's own parameters stay. */
export function withOpusOptions(sdp: string): string {
  return sdp
    .split(/^(?=m=)/m)
    .map((section) => {
      const [rtpmap, type] = /^a=rtpmap:(\d+) opus\/48000\/2\r\n/im.exec(section) ?? [];
      if (rtpmap === undefined || type === undefined) return section;
      const [before, own] = new RegExp(`^a=fmtp:${type} (.*)\r\n`, "m").exec(section) ?? [rtpmap, ""];
      const kept = (own ?? "").split(/; */).filter((each) => each && !/^(useinbandfec|usedtx)=/.test(each));
      const fmtp = `a=fmtp:${type} ${[...kept, ...OPUS_OPTIONS].join(";")}\r\n`;
      return section.replace(before, () => (before === rtpmap ? rtpmap + fmtp : fmtp));
    })
    .join("");
}

interface Extensible {
  getHeaderExtensionsToNegotiate?(): { uri: string; direction: string }[];
  setHeaderExtensionsToNegotiate?(extensions: { uri: string; direction: string }[]): void;
}

/** Leaves out of the offer what a tile does not need, where the browser lets a page say so. */
function spare(transceiver: RTCRtpTransceiver): void {
  const extensible = transceiver as RTCRtpTransceiver & Extensible;
  const offered = extensible.getHeaderExtensionsToNegotiate?.();
  if (!offered) return;
  const needed = ({ uri }: { uri: string }): boolean => TILE_EXTENSIONS.some((end) => uri.endsWith(end));
  extensible.setHeaderExtensionsToNegotiate?.(
    offered.map((extension) => (needed(extension) ? extension : { ...extension, direction: "stopped" })),
  );
}

/** VP8 and Opus only: what the bridge forwards. */
export function onlyVp8AndOpus(transceiver: RTCRtpTransceiver): void {
  prefer(transceiver, transceiver.receiver.track.kind === "audio" ? "audio" : "video");
}

function prefer(transceiver: RTCRtpTransceiver, kind: "audio" | "video"): void {
  const wanted = kind === "audio" ? ["audio/opus"] : ["video/vp8", "video/rtx"];
  const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  const kept = codecs.filter((codec) => wanted.includes(codec.mimeType.toLowerCase()));
  if (kept.length > 0) transceiver.setCodecPreferences(kept);
}
