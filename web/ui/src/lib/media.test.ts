import { describe, expect, it } from "vitest";
import { activeLayers, withOpusOptions, withSoundRepair } from "./media";
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

  const picture = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\na=fmtp:96 max-fr=30\r\n";
  const sound = (type: number, fmtp: string): string =>
    `m=audio 9 UDP/TLS/RTP/SAVPF ${type}\r\na=rtpmap:${type} opus/48000/2\r\n${fmtp}a=sendrecv\r\n`;

  it("asks for Opus with FEC and DTX once in each section, beside what the browser says", () => {
    const chromium = sound(111, "a=fmtp:111 minptime=10;useinbandfec=1\r\n");
    const firefox = sound(109, "a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=0\r\n");
    expect(withOpusOptions(picture + chromium + firefox + chromium)).toBe(
      picture +
        sound(111, "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n") +
        sound(109, "a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1;usedtx=1\r\n") +
        sound(111, "a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n"),
    );
  });

  it("asks for them also where the browser says nothing of Opus, and changes nothing the second time", () => {
    const asked = sound(111, "a=fmtp:111 useinbandfec=1;usedtx=1\r\n");
    expect(withOpusOptions(sound(111, ""))).toBe(asked);
    expect(withOpusOptions(asked + picture)).toBe(asked + picture);
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
