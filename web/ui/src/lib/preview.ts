/** Shows one track in a video element (a Svelte action). */
export function preview(
  element: HTMLVideoElement,
  track: MediaStreamTrack,
): { update(track: MediaStreamTrack): void; destroy(): void } {
  const show = (shown: MediaStreamTrack): void => {
    element.srcObject = new MediaStream([shown]);
  };
  show(track);
  return { update: show, destroy: () => (element.srcObject = null) };
}
