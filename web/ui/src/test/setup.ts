/** What the modules under test expect of a browser and Node has not. */
globalThis.matchMedia = (() => ({
  matches: false,
  addEventListener: () => undefined,
})) as unknown as typeof matchMedia;
