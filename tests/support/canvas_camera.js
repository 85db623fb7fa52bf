// Stands in for the camera of a browser that cannot be given a file: the colours of `draw_camera`, with a texture that
// wanders to and fro, for which an encoder needs about the bits that it is allowed.
(...colours) => {
  const WIDTH = 960, HEIGHT = 540, FRAMES_PER_SECOND = 15, REACH = 60, GRAIN = 60;
  const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
  const pen = canvas.getContext("2d");
  const textured = (colour) => {
    const cloth = Object.assign(document.createElement("canvas"), { width: WIDTH / 2 + 2 * REACH, height: HEIGHT / 4 });
    const thread = cloth.getContext("2d");
    const image = thread.createImageData(cloth.width, cloth.height);
    for (let at = 0; at < image.data.length; at += 4) {
      const shade = (Math.random() - 0.5) * GRAIN;
      colour.forEach((value, n) => (image.data[at + n] = value + shade));
      image.data[at + 3] = 255;
    }
    thread.putImageData(image, 0, 0);
    return cloth;
  };
  const halves = colours.map(textured);
  let tick = 0;
  setInterval(() => {
    tick += 1;
    const left = 2 * Math.abs((tick % (2 * REACH)) - REACH);
    halves.forEach((cloth, n) =>
      pen.drawImage(cloth, left, 0, WIDTH / 2, HEIGHT / 4, (n * WIDTH) / 2, 0, WIDTH / 2, HEIGHT));
    pen.fillStyle = "#fff";
    pen.fillRect((tick * 16) % WIDTH, 0, 30, HEIGHT);
  }, 1000 / FRAMES_PER_SECOND);
  const devices = navigator.mediaDevices;
  const ask = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    for (const track of stream.getVideoTracks()) {
      track.stop();
      stream.removeTrack(track);
    }
    if (wanted.video) stream.addTrack(canvas.captureStream(FRAMES_PER_SECOND).getVideoTracks()[0]);
    return stream;
  };
}
