import { describe, expect, it } from "vitest";
import { activeLayers, withSoundRepair } from "./media";
import { gradeLine, type LineStats } from "./stats";
import { loudness } from "./local.svelte";

const stats = (changes: Partial<LineStats>): LineStats => ({
  atMs: 0,
  kbpsUp: 0,
  kbpsDown: 0,
  rttMs: 20,
  loss: 0,
  slots: {},
  totals: { bytesUp: 0, bytesDown: 0, received: 0, lost: 0 },
  ...changes,
});

describe("what is sent", () => {
  it("is nothing when the camera is off, the smallest layer for a tile, all for the stage", () => {
    expect([...activeLayers("off")]).toEqual([]);
    expect([...activeLayers("tile")]).toEqual(["l"]);
    expect([...activeLayers("full")]).toEqual(["l", "m", "h"]);
    expect([...activeLayers("full", ["l"])]).toEqual(["l"]);
    expect([...activeLayers("tile", ["h"])]).toEqual(["l"]);
  });
});

describe("the offer", () => {
  it("lets lost sound be asked for again, in every section that has any", () => {
    const section =
      "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\n";
    const repaired = withSoundRepair(section + section);
    expect(repaired.match(/a=rtpmap:111 opus\/48000\/2\r\na=rtcp-fb:111 nack\r\na=fmtp/g)).toHaveLength(2);
  });
});

describe("the hall's own line", () => {
  it("is unknown until something was measured", () => {
    expect(gradeLine(null)).toBe("unknown");
    expect(gradeLine(stats({ rttMs: null, loss: null }))).toBe("unknown");
  });

  it("is as bad as its worst figure", () => {
    expect(gradeLine(stats({}))).toBe("good");
    expect(gradeLine(stats({ rttMs: 350 }))).toBe("fair");
    expect(gradeLine(stats({ loss: 0.2 }))).toBe("poor");
  });
});

describe("the microphone's meter", () => {
  it("shows silence as nothing and full scale as all", () => {
    expect(loudness(new Float32Array(512))).toBe(0);
    expect(loudness(new Float32Array(512).fill(1))).toBeCloseTo(1);
  });
});
