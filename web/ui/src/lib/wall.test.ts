import { describe, expect, it } from "vitest";
import type { Grade, LinkStatus, PresenceNow } from "./model";
import { countGrades, hallsOf, passes, STALE_MS, tileOf, worstFirst, type Hall } from "./wall";

const NOW = Date.parse("2026-12-05T02:00:00Z");

function link(code: string, grade: Grade, ageMs = 0): LinkStatus {
  const participant = `point:${code}`;
  const at = new Date(NOW - ageMs).toISOString();
  const sample = {
    conference: "c",
    participant,
    leg: "l",
    at,
    kbps_up: 1,
    kbps_down: 2,
    transport: "udp" as const,
  };
  return { participant, leg: "l", grade, reason: null, sample } as unknown as LinkStatus;
}

function presence(code: string, state: PresenceNow["presence"]): PresenceNow {
  const participant = { id: `point:${code}`, role: "operator" as const, name: code, point: code };
  return { participant, presence: state, since: new Date(NOW).toISOString(), how: null };
}

const HALLS = new Map(
  hallsOf([..."zglpfba"].map((code) => ({ code, name: code }))).map((hall) => [hall.name, hall]),
);
const hallOf = (code: string): Hall => HALLS.get(code) as Hall;
const tile = (code: string, grade: Grade, ageMs = 0, state: PresenceNow["presence"] = "present") =>
  tileOf(hallOf(code), link(code, grade, ageMs), presence(code, state), NOW);
const absent = tileOf(hallOf("z"), undefined, undefined, NOW);

describe("the wall of lines", () => {
  it("never calls old figures good", () => {
    expect(tile("a", "good", STALE_MS).grade).toBe("good");
    expect(tile("a", "good", STALE_MS + 1).grade).toBe("unknown");
    expect(absent.grade).toBe("unknown");
  });

  it("puts the worst first and those not in last", () => {
    const tiles = [
      absent,
      tile("g", "good"),
      tile("f", "fair"),
      tile("p", "poor"),
      tile("l", "good", 0, "lost"),
    ];
    expect(tiles.sort(worstFirst).map(({ name }) => name)).toEqual(["l", "p", "f", "g", "z"]);
  });

  it("keeps equal lines in the order of their names", () => {
    expect([tile("b", "good"), tile("a", "good")].sort(worstFirst).map(({ name }) => name)).toEqual([
      "a",
      "b",
    ]);
  });

  it("counts every point once", () => {
    const counts = countGrades([absent, tile("g", "good"), tile("p", "poor")]);
    expect(counts).toEqual({ good: 1, fair: 0, poor: 1, unknown: 0, absent: 1 });
  });

  it("filters by grade and by name without marks", () => {
    const hall = tileOf(
      hallsOf([{ code: "1", name: "Đặc khu Côn Đảo" }])[0] as Hall,
      link("1", "fair"),
      presence("1", "present"),
      NOW,
    );
    expect(passes(hall, "fair", "con dao")).toBe(true);
    expect(passes(hall, "good", "con dao")).toBe(false);
    expect(passes(hall, "all", "củ chi")).toBe(false);
    expect(passes(absent, "unknown", "")).toBe(false);
  });
});
