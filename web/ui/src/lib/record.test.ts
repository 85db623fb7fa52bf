import { describe, expect, it } from "vitest";
import type { LineRecord } from "./model";
import { bandsOf, daysOfRecord, gradeOf, lineMoments, saidMoments, spanOf, withBreaks } from "./record";

type Moment = LineRecord["moments"][number];

function moment(at: string, rest: Partial<Moment> = {}): Moment {
  const none = { loss_up: null, loss_down: null, worst_rtt_ms: null, disturbed: null, fps: null };
  return {
    at,
    minutes: 60,
    kbps_up: 30,
    kbps_down: 900,
    worst_loss: 0.01,
    rtt_ms: 20,
    good: 1800,
    fair: 0,
    poor: 0,
    ...none,
    ...rest,
  };
}

function record(moments: Moment[], rest: Partial<LineRecord> = {}): LineRecord {
  return {
    begins: "2026-10-31T17:00:00Z",
    ends: "2026-11-30T17:00:00Z",
    step_seconds: 3600,
    moments,
    conferences: [],
    incidents: [],
    events: [],
    complete: true,
    ...rest,
  };
}

describe("a point's record", () => {
  it("is poor or fair from a twentieth of the time on, and unknown without samples", () => {
    expect(gradeOf(96, 0, 4)).toBe("good");
    expect(gradeOf(95, 0, 5)).toBe("poor");
    expect(gradeOf(95, 3, 2)).toBe("fair");
    expect(gradeOf(0, 0, 0)).toBe("unknown");
  });

  it("sums days in Vietnam's time", () => {
    const days = daysOfRecord([
      moment("2026-11-01T16:00:00Z"),
      moment("2026-11-01T17:00:00Z", { poor: 900 }),
      moment("2026-11-02T03:00:00Z"),
    ]);
    expect([...days.values()].map(({ minutes, grade }) => [minutes, grade])).toEqual([
      [60, "good"],
      [120, "poor"],
    ]);
    expect([...days.keys()][1]).toBe(Date.parse("2026-11-01T17:00:00Z"));
  });

  it("breaks the line where nothing was measured, and shows the worst minute's loss", () => {
    const shown = lineMoments(
      record([
        moment("2026-11-02T01:00:00Z"),
        moment("2026-11-02T02:00:00Z", { worst_loss: 0.2 }),
        moment("2026-11-03T01:00:00Z"),
      ]),
    );
    expect(shown.map(({ kbps_down }) => kbps_down)).toEqual([900, 900, null, 900]);
    expect(shown[1]?.loss_down).toBe(0.2);
    expect(shown[2]?.at).toBe("2026-11-02T02:30:00.000Z");
  });

  it("says nothing of an endpoint that said nothing", () => {
    expect(saidMoments(record([moment("2026-11-02T01:00:00Z")]))).toEqual([]);
    const said = saidMoments(record([moment("2026-11-02T01:00:00Z", { fps: 25 })]));
    expect(said).toEqual([{ at: "2026-11-02T01:00:00Z", frozen_share: null, concealed: null, fps: 25 }]);
  });

  it("breaks a live line where three times the usual step is missing, not where one sample is", () => {
    const nothing = { at: "", value: null as number | null };
    const samples = [0, 2, 4, 8, 10, 60, 62].map((s) => ({
      at: new Date(s * 1000).toISOString(),
      value: s as number | null,
    }));
    expect(withBreaks(samples, nothing).map(({ value }) => value)).toEqual([0, 2, 4, 8, 10, null, 60, 62]);
    expect(withBreaks(samples.slice(0, 1), nothing)).toHaveLength(1);
  });

  it("spans all lines from the first moment to the last", () => {
    const at = (second: number) => ({ at: new Date(second * 1000).toISOString() });
    expect(spanOf([at(1005), at(1009)], [at(3), at(7)], [])).toEqual({ from: 3, to: 1009 });
    expect(spanOf([at(1005)])).toEqual({ from: 405, to: 1005 });
  });

  it("lets an incident that lasts reach this moment, or the record's end", () => {
    const incident = {
      id: "1",
      cause: { kind: "line" as const, code: "d1" },
      cause_name: "Xã 1",
      likely: "path_loss" as const,
      also: [],
      severity: "major" as const,
      conference: "c",
      since: "2026-11-02T01:00:00Z",
      until: null,
    };
    const endsAt = (now: string) => bandsOf(record([], { incidents: [incident] }), Date.parse(now))[0]?.to;
    expect(endsAt("2026-11-02T02:00:00Z")).toBe("2026-11-02T02:00:00.000Z");
    expect(endsAt("2026-12-24T00:00:00Z")).toBe("2026-11-30T17:00:00.000Z");
  });
});
