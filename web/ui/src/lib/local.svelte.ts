/** This computer's camera and microphone, and why they cannot be had when they cannot. */
export type DeviceProblem = "insecure" | "denied" | "missing" | "busy" | "failed";

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
  /** Loudness of the microphone now, 0..1. */
  level = $state(0);
  /** When the microphone last gave more than digital silence, or could not be heard at all. */
  #heardAtMs = performance.now();
  #context: AudioContext | null = null;
  #meter: ReturnType<typeof setInterval> | undefined;

  /** For how long the microphone has given nothing but digital silence, in ms. */
  get silentMs(): number {
    return performance.now() - this.#heardAtMs;
  }

  get tracks(): { microphone: MediaStreamTrack | null; camera: MediaStreamTrack | null } {
    return { microphone: this.microphone, camera: this.camera };
  }

  /** Asks for both devices, so that the browser asks its user once; falls back to either alone. */
  async open(): Promise<void> {
    if (!("mediaDevices" in navigator)) {
      this.cameraProblem = this.microphoneProblem = "insecure";
      return;
    }
    this.asking = true;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: VIDEO, audio: AUDIO });
      this.#take(stream);
    } catch {
      await Promise.all([this.#openOne("video"), this.#openOne("audio")]);
    }
    this.asking = false;
    this.devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  }

  /** Changes to another camera or microphone. */
  async choose(kind: "video" | "audio", deviceId: string): Promise<void> {
    (kind === "video" ? this.camera : this.microphone)?.stop();
    await this.#openOne(kind, deviceId);
  }

  close(): void {
    clearInterval(this.#meter);
    void this.#context?.close();
    this.#context = null;
    this.camera?.stop();
    this.microphone?.stop();
    this.camera = this.microphone = null;
  }

  async #openOne(kind: "video" | "audio", deviceId?: string): Promise<void> {
    const device = deviceId ? { deviceId: { exact: deviceId } } : {};
    const wanted = kind === "video" ? { video: { ...VIDEO, ...device } } : { audio: { ...AUDIO, ...device } };
    try {
      this.#take(await navigator.mediaDevices.getUserMedia(wanted));
    } catch (error) {
      if (kind === "video") this.cameraProblem = reasonOf(error);
      else this.microphoneProblem = reasonOf(error);
    }
  }

  #take(stream: MediaStream): void {
    const [camera] = stream.getVideoTracks();
    const [microphone] = stream.getAudioTracks();
    if (camera) {
      camera.contentHint = "motion";
      camera.onended = () => {
        this.camera = null;
        this.cameraProblem = "missing";
        this.cameraLost = true;
      };
      this.camera = camera;
      this.cameraLost = false;
      this.cameraProblem = null;
    }
    if (microphone) {
      microphone.onended = () => {
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

/** Two short tones from the loudspeakers. */
export function playTestSound(): void {
  const context = new AudioContext();
  const gain = context.createGain();
  gain.gain.value = 0.2;
  gain.connect(context.destination);
  [523.25, 659.25].forEach((frequency, index) => {
    const tone = context.createOscillator();
    tone.frequency.value = frequency;
    tone.connect(gain);
    tone.start(context.currentTime + index * 0.5);
    tone.stop(context.currentTime + index * 0.5 + 0.4);
    if (index === 1) tone.onended = () => void context.close();
  });
}
