import { describe, expect, it } from "vitest";
import { deviceState, figuresOf, isBlack, network, readingOf, type Entry } from "./figures";
import { SkewFilter } from "./skew";

const stage = (changes: Record<string, unknown>): Entry => ({
  id: "in1",
  type: "inbound-rtp",
  kind: "video",
  mid: "3",
  framesDecoded: 0,
  freezeCount: 0,
  totalFreezesDuration: 0,
  totalDecodeTime: 0,
  ...changes,
});
const sound = (changes: Record<string, unknown>): Entry => ({
  id: "in2",
  type: "inbound-rtp",
  kind: "audio",
  mid: "5",
  ...changes,
});
const read = (entries: Entry[], atMs: number, owner: string | null = "point:a") =>
  readingOf(
    entries,
    new Map([
      ["3", { slot: "stage", owner }],
      ["5", { slot: "audio1", owner: null }],
    ]),
    atMs,
  );

describe("the figures of a period", () => {
  it("tell what the picture did in it, not before", () => {
    const before = [stage({ framesDecoded: 100, freezeCount: 4, totalFreezesDuration: 9 })];
    const after = [
      stage({
        framesDecoded: 150,
        freezeCount: 5,
        totalFreezesDuration: 9.5,
        frameWidth: 1280,
        frameHeight: 720,
      }),
    ];
    const figures = figuresOf(read(before, 0), read(after, 2000), after);
    expect(figures).toMatchObject({ freezes: 1, frozen_share: 0.25, fps: 25, width: 1280, height: 720 });
  });

  it("do not call the gap before another one's picture a freeze", () => {
    const after = [stage({ framesDecoded: 50, freezeCount: 1, totalFreezesDuration: 300 })];
    const figures = figuresOf(read([stage({})], 0, null), read(after, 2000), after);
    expect(figures.freezes).toBe(0);
    expect(figures.frozen_share).toBeNull();
    expect(figures.fps).toBe(25);
  });

  it("count as made up only sound that is heard and was sent", () => {
    const before = [sound({ packetsReceived: 0 })];
    const grown = { totalSamplesReceived: 1000, concealedSamples: 300, silentConcealedSamples: 200 };
    const after = [sound({ packetsReceived: 10, ...grown })];
    expect(figuresOf(read(before, 0), read(after, 2000), after).concealed).toBeCloseTo(0.1);
    const silent = [sound({ packetsReceived: 0, ...grown })];
    expect(figuresOf(read(before, 0), read(silent, 2000), silent).concealed).toBeNull();
  });

  it("name the worst of what holds the encoder back, and the largest layer", () => {
    const layer = (id: string, height: number, reason: string): Entry => ({
      id,
      type: "outbound-rtp",
      kind: "video",
      framesPerSecond: 30,
      frameHeight: height,
      qualityLimitationReason: reason,
    });
    const entries = [layer("a", 180, "bandwidth"), layer("b", 720, "cpu")];
    const figures = figuresOf(read([], 0), read([], 2000), entries);
    expect(figures).toMatchObject({
      encoder_limit: "cpu",
      cpu_limited: true,
      sent_height: 720,
      sent_fps: 30,
    });
  });

  it("name the way of the pair that carries the media", () => {
    const entries: Entry[] = [
      { id: "t", type: "transport", selectedCandidatePairId: "p2" },
      { id: "p1", type: "candidate-pair", localCandidateId: "c1" },
      { id: "p2", type: "candidate-pair", localCandidateId: "c2" },
      { id: "c1", type: "local-candidate", candidateType: "host" },
      {
        id: "c2",
        type: "local-candidate",
        candidateType: "relay",
        relayProtocol: "tls",
        networkType: "wifi",
      },
    ];
    const figures = figuresOf(read([], 0), read([], 2000), entries);
    expect(figures).toMatchObject({ candidate: "relay", relay_protocol: "tls", network: "wifi" });
    expect(network("vpn")).toBe("other");
    expect(network("unknown")).toBeNull();
  });
});

describe("a device", () => {
  const live = { muted: false, readyState: "live" } as const;
  it("is called by what is worst of it", () => {
    const state = (changes: object) =>
      deviceState({ track: live, lost: false, on: true, nothing: null, ...changes });
    expect(state({})).toBe("ok");
    expect(state({ nothing: "black" })).toBe("black");
    expect(state({ on: false, nothing: "black" })).toBe("muted");
    expect(state({ track: { ...live, muted: true } })).toBe("withheld");
    expect(state({ track: { ...live, muted: true }, on: false })).toBe("muted");
    expect(state({ track: null })).toBe("missing");
    expect(state({ track: null, lost: true })).toBe("ended");
  });

  it("is black when its picture is dark everywhere", () => {
    const picture = (luma: number): number[] =>
      Array.from({ length: 144 }, () => [luma, luma, luma, 255]).flat();
    expect(isBlack(picture(5))).toBe(true);
    expect(isBlack(picture(60))).toBe(false);
    expect(isBlack([...picture(0), 255, 255, 255, 255])).toBe(false);
    expect(isBlack([])).toBe(false);
  });
});

describe("the clock's skew", () => {
  it("is that of the shortest round trip of the last twelve", () => {
    const skew = new SkewFilter();
    expect(skew.best).toBeNull();
    skew.take(20_000, 40, 18_020);
    skew.take(30_000, 400, 28_000);
    expect(skew.best).toEqual({ ms: 2000, errorMs: 20 });
    for (let n = 0; n < 12; n++) skew.take(0, 100, 5050);
    expect(skew.best).toEqual({ ms: -5000, errorMs: 50 });
  });
});
