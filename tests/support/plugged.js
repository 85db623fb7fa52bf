// A computer whose camera and microphone can be pulled out, plugged in and refused: `window.__plugs`.
() => {
  const media = navigator.mediaDevices;
  const really = { get: media.getUserMedia.bind(media), list: media.enumerateDevices.bind(media) };
  const out = new Set();
  const tracks = [];
  let refused = false;
  const kind = { video: "videoinput", audio: "audioinput" };
  media.enumerateDevices = async () =>
    (await really.list()).filter((device) => ![...out].some((one) => kind[one] === device.kind));
  media.getUserMedia = async (wanted) => {
    if (refused) throw new DOMException("refused", "NotAllowedError");
    if ([...out].some((one) => wanted[one])) throw new DOMException("none", "NotFoundError");
    const stream = await really.get(wanted);
    tracks.push(...stream.getTracks());
    return stream;
  };
  window.__plugs = {
    refuse: (yes) => (refused = yes),
    pull: (one) => {
      out.add(one);
      for (const track of tracks.filter((track) => track.kind === one && track.readyState === "live")) {
        track.stop();
        track.dispatchEvent(new Event("ended"));
      }
      media.dispatchEvent(new Event("devicechange"));
    },
    plug: (one) => {
      out.delete(one);
      media.dispatchEvent(new Event("devicechange"));
    },
  };
}
