import { describe, expect, it } from "vitest";
import type { Grade, LinkStatus } from "./model";
import { compare, figuresOf, verdict } from "./neighbours";
import { hallsOf, rankOf, type Hall, type Tile } from "./wall";
import type { Presence } from "./wire";

function tile(code: string, grade: Grade, rtt: number | null = 10, presence: Presence = "present"): Tile {
  const sample = { kbps_up: 100, kbps_down: 1000, loss_up: 0.01, loss_down: null, rtt_ms: rtt };
  const link = { participant: `point:${code}`, grade, sample } as unknown as LinkStatus;
  const hall = hallsOf([{ code, name: code }])[0] as Hall;
  return { ...hall, presence, link, ageMs: 0, grade, rank: rankOf(presence, grade) };
}

describe("a point beside its neighbours", () => {
  const ill = tile("x", "poor", 300);

  it("takes the middle of the others, not of itself", () => {
    const found = compare(
      ill,
      [ill, tile("a", "good", 10), tile("b", "good", 30), tile("c", "good", 20)],
      "Tỉnh",
    );
    expect(found).toMatchObject({ title: "Tỉnh", count: 3, ill: 0, middle: { rttMs: 20, loss: 0.01 } });
  });

  it("leaves out what is not there or too old", () => {
    const gone = tile("a", "unknown", 500, "absent");
    const old = tile("b", "unknown", 500);
    expect(compare(ill, [ill, gone, old], "Tỉnh")).toMatchObject({ count: 1, middle: { rttMs: null } });
    expect(figuresOf(old)).toBeNull();
  });

  it("says whether an ill point is alone", () => {
    const well = ["a", "b", "c", "d"].map((code) => tile(code, "good"));
    expect(verdict(ill, compare(ill, [ill, ...well], ""))).toBe("alone");
    const sick = ["e", "f"].map((code) => tile(code, "poor"));
    expect(verdict(ill, compare(ill, [ill, ...well, ...sick], ""))).toBe("together");
    expect(verdict(tile("y", "good"), compare(ill, [ill, ...well], ""))).toBeNull();
    expect(verdict(ill, compare(ill, [ill, ...well.slice(0, 2)], ""))).toBeNull();
  });
});
