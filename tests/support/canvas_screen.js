// Stands in for the screen that a person would choose to share: lines of small letters, a grid of strokes two pixels
// wide, and a counter that runs.
() => {
  const WIDTH = 1280, HEIGHT = 720, FRAMES_PER_SECOND = 10, GRID = 200;
  const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
  const pen = canvas.getContext("2d");
  let tick = 0;
  const draw = () => {
    tick += 1;
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, WIDTH, HEIGHT);
    pen.fillStyle = "#000";
    pen.font = "16px sans-serif";
    for (let y = GRID + 30; y < HEIGHT; y += 22) pen.fillText("Điểm cầu xã, phường: số liệu 2026 ".repeat(3), 10, y);
    for (let x = 0; x < WIDTH; x += 4) pen.fillRect(x, 0, 2, GRID);
    pen.fillText(String(tick), WIDTH - 80, HEIGHT - 10);
  };
  draw();
  setInterval(draw, 1000 / FRAMES_PER_SECOND);
  window.__screens = [];
  navigator.mediaDevices.getDisplayMedia = async () => {
    const stream = canvas.captureStream(FRAMES_PER_SECOND);
    window.__screens.push(stream.getVideoTracks()[0]);
    return stream;
  };
}
