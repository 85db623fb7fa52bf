/** Gathers what this endpoint reports of itself each 2 s: the connection's figures and the devices' states. */
import { deviceState, entriesOf, figuresOf, isBlack, network, readingOf } from "./figures";
import type { Reading, Shown } from "./figures";
import type { LocalMedia } from "./local.svelte";
import type { MediaLink } from "./media";
import type { Skew } from "./skew";
import type { LineStats } from "./stats";
import type { EndpointFigures, SlotName, StateView } from "./wire";

const BLACK_READINGS = 3;
const SILENT_MS = 10_000;

export class Reporter {
  #media: MediaLink | null = null;
  #before: Reading | null = null;
  readonly #eye = new Eye();

  constructor(private readonly local: LocalMedia) {}

  /** The figures since the last call for the same connection; null the first time. */
  figures(
    media: MediaLink,
    report: RTCStatsReport,
    slots: readonly SlotName[],
    view: StateView | null,
    stats: LineStats,
    switches: { microphone: boolean; camera: boolean },
    skew: Skew | null,
  ): EndpointFigures | null {
    const entries = entriesOf(report);
    const after = readingOf(entries, shownIn(media, slots, view), performance.now());
    const before = media === this.#media ? this.#before : null;
    this.#media = media;
    this.#before = after;
    const black = this.#eye.sees(this.local.camera);
    if (before === null) return null;
    const figures = figuresOf(before, after, entries);
    return {
      ...figures,
      network: figures.network ?? network(connectionType()),
      rtt_ms: stats.rttMs,
      loss_down: stats.loss,
      camera: deviceState({
        track: this.local.camera,
        lost: this.local.cameraLost,
        on: switches.camera,
        nothing: black ? "black" : null,
      }),
      microphone: deviceState({
        track: this.local.microphone,
        lost: this.local.microphoneLost,
        on: switches.microphone,
        nothing: this.local.silentMs > SILENT_MS ? "silent" : null,
      }),
      skew_ms: skew?.ms ?? null,
      skew_error_ms: skew?.errorMs ?? null,
    };
  }

  close(): void {
    this.#eye.close();
  }
}

/** Looks at the own camera now and then, on a canvas of 16x9 pixels. */
class Eye {
  readonly #video = document.createElement("video");
  readonly #canvas = document.createElement("canvas");
  #track: MediaStreamTrack | null = null;
  #black = 0;

  constructor() {
    this.#canvas.width = 16;
    this.#canvas.height = 9;
    this.#video.muted = true;
    this.#video.playsInline = true;
  }

  /** Whether the camera's picture has been black for a few readings. */
  sees(track: MediaStreamTrack | null): boolean {
    if (track !== this.#track) {
      this.#track = track;
      this.#black = 0;
      this.#video.srcObject = track ? new MediaStream([track]) : null;
      if (track) void this.#video.play().catch(() => undefined);
    }
    const context = this.#canvas.getContext("2d", { willReadFrequently: true });
    if (!track || !context || this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return false;
    context.drawImage(this.#video, 0, 0, 16, 9);
    this.#black = isBlack(context.getImageData(0, 0, 16, 9).data) ? this.#black + 1 : 0;
    return this.#black >= BLACK_READINGS;
  }

  close(): void {
    this.#video.srcObject = null;
    this.#track = null;
  }
}

/** By mid, in the order of `slots`. Who speaks in a sound slot is not told to pages, and no figure needs it. */
function shownIn(media: MediaLink, slots: readonly SlotName[], view: StateView | null): Map<string, Shown> {
  const shown = new Map<string, Shown>();
  for (const slot of slots) {
    const mid = media.mid(slot);
    if (mid !== null) shown.set(mid, { slot, owner: view?.slots[slot]?.id ?? null });
  }
  return shown;
}

function connectionType(): unknown {
  return (navigator as Navigator & { connection?: { type?: unknown } }).connection?.type;
}
