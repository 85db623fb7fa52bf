/** The screen or window that this person chose to share. The browser asks which; no page can choose by itself. */
import { Problem } from "./problem";

const SCREEN: DisplayMediaStreamOptions = {
  video: { width: { max: 1920 }, height: { max: 1080 }, frameRate: { max: 15 } },
  audio: false,
};

export class Screen {
  track = $state.raw<MediaStreamTrack | null>(null);

  /** `ended` is called when the browser or the system ends the sharing, not after `close`. */
  constructor(private readonly ended: () => void) {}

  static get possible(): boolean {
    return "mediaDevices" in navigator && "getDisplayMedia" in navigator.mediaDevices;
  }

  /** Lets the person choose; false when they changed their mind. Throws `content.failed` when the system refuses. */
  async choose(): Promise<boolean> {
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia(SCREEN);
      const [track] = stream.getVideoTracks();
      if (!track) return false;
      // Letters shall stay sharp, at the cost of frames.
      track.contentHint = "text";
      track.onended = () => {
        this.track = null;
        this.ended();
      };
      this.close();
      this.track = track;
      return true;
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotAllowedError") return false;
      throw new Problem(
        "content.failed",
        "The screen cannot be shared. Close what else shares it, or restart.",
      );
    }
  }

  close(): void {
    this.track?.stop();
    this.track = null;
  }
}
