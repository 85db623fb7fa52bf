/** This computer's camera, microphone and loudspeaker, and why they cannot be had when they cannot. */
import { remember, remembered } from "./remembered";

export type DeviceProblem = "insecure" | "denied" | "missing" | "busy" | "failed";

const KEYS = { video: "camera", audio: "microphone", speaker: "speaker" } as const;
const VIDEO: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30 },
};
const AUDIO: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};

export class LocalMedia {
  microphone = $state.raw<MediaStreamTrack | null>(null);
  camera = $state.raw<MediaStreamTrack | null>(null);
  cameraProblem = $state<DeviceProblem | null>(null);
  microphoneProblem = $state<DeviceProblem | null>(null);
  /** Whether it was there and went away. */
  cameraLost = $state(false);
  microphoneLost = $state(false);
  devices = $state.raw<MediaDeviceInfo[]>([]);
  asking = $state(false);
  /** The output that sound is played on; empty means what the computer plays everything on. */
  speaker = $state(remembered(KEYS.speaker) ?? "");
  /** Loudness of the microphone now, 0..1. */
  level = $state(0);
  /** When the microphone last gave more than digital silence, or could not be heard at all. */
  #heardAtMs = performance.now();
  #context: AudioContext | null = null;
  #meter: ReturnType<typeof setInterval> | undefined;
  readonly #plugged = (): void => void this.#look();

  /** For how long the microphone has given nothing but digital silence, in ms. */
  get silentMs(): number {
    return performance.now() - this.#heardAtMs;
  }

  get tracks(): { microphone: MediaStreamTrack | null; camera: MediaStreamTrack | null } {
    return { microphone: this.microphone, camera: this.camera };
  }

  /**
   * Asks for both devices, so that the browser asks its user once; falls back to either alone. A device that is
   * missing is taken as soon as it is plugged in.
   */
  async open(): Promise<void> {
    if (!("mediaDevices" in navigator)) {
      this.cameraProblem = this.microphoneProblem = "insecure";
      return;
    }
    navigator.mediaDevices.addEventListener("devicechange", this.#plugged);
    this.asking = true;
    try {
      const wanted = { video: wish("video"), audio: wish("audio") };
      this.#take(await navigator.mediaDevices.getUserMedia(wanted));
    } catch {
      await Promise.all([this.#openOne("video"), this.#openOne("audio")]);
    }
    this.asking = false;
    await this.#list();
  }

  /** Asks once more for what could not be had. */
  async retry(): Promise<void> {
    if (this.cameraProblem && this.microphoneProblem) return this.open();
    this.asking = true;
    if (this.cameraProblem) await this.#openOne("video");
    if (this.microphoneProblem) await this.#openOne("audio");
    this.asking = false;
    await this.#list();
  }

  /** Changes to another camera or microphone. */
  async choose(kind: "video" | "audio", deviceId: string): Promise<void> {
    remember(KEYS[kind], deviceId);
    (kind === "video" ? this.camera : this.microphone)?.stop();
    if (kind === "video") this.camera = null;
    else this.microphone = null;
    await this.#openOne(kind, deviceId);
  }

  chooseSpeaker(deviceId: string): void {
    remember(KEYS.speaker, deviceId);
    this.speaker = deviceId;
  }

  close(): void {
    navigator.mediaDevices?.removeEventListener("devicechange", this.#plugged);
    clearInterval(this.#meter);
    void this.#context?.close();
    this.#context = null;
    this.camera?.stop();
    this.microphone?.stop();
    this.camera = this.microphone = null;
  }

  async #list(): Promise<void> {
    this.devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  }

  /** Something was plugged in or out. */
  async #look(): Promise<void> {
    await this.#list();
    const there = (kind: MediaDeviceKind): boolean => this.devices.some((device) => device.kind === kind);
    if (this.cameraProblem === "missing" && there("videoinput")) await this.#openOne("video");
    if (this.microphoneProblem === "missing" && there("audioinput")) await this.#openOne("audio");
  }

  async #openOne(kind: "video" | "audio", deviceId?: string): Promise<void> {
    try {
      this.#take(await navigator.mediaDevices.getUserMedia({ [kind]: wish(kind, deviceId) }));
    } catch (error) {
      if (kind === "video") this.cameraProblem = reasonOf(error);
      else this.microphoneProblem = reasonOf(error);
    }
  }

  #take(stream: MediaStream): void {
    const [camera] = stream.getVideoTracks();
    const [microphone] = stream.getAudioTracks();
    if (camera) {
      this.camera?.stop();
      camera.contentHint = "motion";
      camera.onended = () => {
        if (this.camera !== camera) return;
        this.camera = null;
        this.cameraProblem = "missing";
        this.cameraLost = true;
      };
      this.camera = camera;
      this.cameraLost = false;
      this.cameraProblem = null;
    }
    if (microphone) {
      this.microphone?.stop();
      microphone.onended = () => {
        if (this.microphone !== microphone) return;
        this.microphone = null;
        this.microphoneProblem = "missing";
        this.microphoneLost = true;
      };
      this.microphone = microphone;
      this.microphoneLost = false;
      this.microphoneProblem = null;
      this.#measure(microphone);
    }
  }

  #measure(track: MediaStreamTrack): void {
    clearInterval(this.#meter);
    void this.#context?.close();
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#context = context;
    this.#heardAtMs = performance.now();
    this.#meter = setInterval(() => {
      // A page without a user's gesture yet gets its audio clock only after the first click.
      if (context.state === "suspended") void context.resume();
      analyser.getFloatTimeDomainData(samples);
      if (context.state !== "running" || samples.some((sample) => sample !== 0)) {
        this.#heardAtMs = performance.now();
      }
      this.level = loudness(samples);
    }, 100);
  }
}

/** The one camera or microphone that is named, else the one chosen last time where it is there, else any. */
function wish(kind: "video" | "audio", deviceId?: string): MediaTrackConstraints {
  const rules = kind === "video" ? VIDEO : AUDIO;
  if (deviceId) return { ...rules, deviceId: { exact: deviceId } };
  const before = remembered(KEYS[kind]);
  return before ? { ...rules, deviceId: { ideal: before } } : rules;
}

/** Root mean square on a scale where -60 dBFS is 0 and full scale is 1, as ears judge it. */
export function loudness(samples: Float32Array): number {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  const decibels = 10 * Math.log10(power + 1e-12);
  return Math.min(1, Math.max(0, (decibels + 60) / 60));
}

function reasonOf(error: unknown): DeviceProblem {
  switch (error instanceof DOMException ? error.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "failed";
  }
}

/** Two short tones from the loudspeakers: from `speaker` where one is named. */
export function playTestSound(speaker = ""): void {
  const context = new AudioContext();
  const gain = context.createGain();
  gain.gain.value = 0.2;
  gain.connect(speaker ? outputOf(context, speaker) : context.destination);
  [523.25, 659.25].forEach((frequency, index) => {
    const tone = context.createOscillator();
    tone.frequency.value = frequency;
    tone.connect(gain);
    tone.start(context.currentTime + index * 0.5);
    tone.stop(context.currentTime + index * 0.5 + 0.4);
    if (index === 1) tone.onended = () => void context.close();
  });
}

/** A node whose sound comes from that output. */
function outputOf(context: AudioContext, speaker: string): AudioNode {
  const node = context.createMediaStreamDestination();
  const element = new Audio();
  element.srcObject = node.stream;
  void playOn(element, speaker).then(() => element.play());
  return node;
}

/** Has the element play on that output; on the usual one where that one is gone. */
export async function playOn(element: HTMLMediaElement, speaker: string): Promise<void> {
  if (!("setSinkId" in element)) return;
  await element.setSinkId(speaker).catch(() => element.setSinkId(""));
}
