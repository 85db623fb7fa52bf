/**
 * The first picture that a connection sends: a black one, small and short.
 *
 * Browsers say what their line carries (REMB) only once they have sent a picture themselves. A hall that has only ever
 * watched would stay silent about a line that became too narrow, and be sent too much until packets are lost.
 */
const STEP_MS = 100;
const MOST_STEPS = 30;

/**
 * Sends black by `send` until some of it has left `sender`, until `needless`, or for 3 s at the longest. What `sender`
 * sends afterwards is for the caller to say.
 */
export async function sendBlack(
  sender: RTCRtpSender,
  send: (track: MediaStreamTrack) => Promise<void>,
  needless: () => boolean,
): Promise<void> {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
  const pen = canvas.getContext("2d");
  const track = pen ? canvas.captureStream().getVideoTracks()[0] : undefined;
  if (!pen || !track || needless()) return;
  await send(track);
  for (let step = 0; step < MOST_STEPS && !needless() && !(await hasSent(sender)); step++) {
    pen.fillRect(0, 0, canvas.width, canvas.height);
    await new Promise((done) => setTimeout(done, STEP_MS));
  }
  track.stop();
}

async function hasSent(sender: RTCRtpSender): Promise<boolean> {
  let sent = false;
  (await sender.getStats()).forEach((entry: { type: string; packetsSent?: number }) => {
    sent ||= entry.type === "outbound-rtp" && (entry.packetsSent ?? 0) > 0;
  });
  return sent;
}
