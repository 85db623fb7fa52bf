/** A picture that no encoder can make small: what a line test sends when it sends as much as it can. */
export interface Noise {
  track: MediaStreamTrack;
  stop(): void;
}

const WIDTH = 640;
const HEIGHT = 360;
const FPS = 30;

export function noise(): Noise {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext("2d");
  const image = context?.createImageData(WIDTH, HEIGHT);
  const words = image ? new Uint32Array(image.data.buffer) : new Uint32Array();
  let seed = 1;
  const draw = (): void => {
    // xorshift32: quick, and good enough to look like snow.
    for (let at = 0; at < words.length; at++) {
      seed ^= seed << 13;
      seed ^= seed >>> 17;
      seed ^= seed << 5;
      words[at] = seed | 0xff000000;
    }
    if (image) context?.putImageData(image, 0, 0);
  };
  draw();
  const timer = setInterval(draw, 1000 / FPS);
  const track = canvas.captureStream(FPS).getVideoTracks()[0];
  if (!track) throw new Error("the browser does not capture canvases");
  return {
    track,
    stop: () => {
      clearInterval(timer);
      track.stop();
    },
  };
}
