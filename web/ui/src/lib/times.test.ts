import { describe, expect, it } from "vitest";
import { defaultTimes, draftOf, draftOfWindow, searchOf, timesOf, type TimesDraft } from "./times";

const NOW = Date.parse("2026-12-05T01:10:00Z"); // 08:10 in Vietnam
const draft: TimesDraft = { day: "05/12/2026", start: "09:00", stop: "11:30", doors: 30, latest: 15 };

function timesFor(changes: Partial<TimesDraft>): ReturnType<typeof timesOf> {
  return timesOf({ ...draft, ...changes }, NOW);
}

describe("the times of a conference", () => {
  it("are read in Vietnam's zone", () => {
    expect(timesFor({})).toEqual({
      times: {
        can_join_after: "2026-12-05T01:30:00.000Z",
        start: "2026-12-05T02:00:00.000Z",
        stop: "2026-12-05T04:30:00.000Z",
        must_join_before: "2026-12-05T02:15:00.000Z",
      },
    });
  });

  it("accept joining until the end", () => {
    const result = timesFor({ latest: null });
    expect("times" in result && result.times.must_join_before).toBe("2026-12-05T04:30:00.000Z");
  });

  it("run past midnight when that is short enough, else name the order as wrong", () => {
    const late = timesFor({ start: "22:00", stop: "01:00" });
    expect("times" in late && late.times.stop).toBe("2026-12-05T18:00:00.000Z");
    expect(timesFor({ start: "09:00", stop: "08:30" })).toEqual({ fault: "order" });
    expect(timesFor({ stop: "09:00" })).toEqual({ fault: "order" });
  });

  it.each([
    ["day", { day: "31/02/2026" }],
    ["day", { day: "tomorrow" }],
    ["start", { start: "24:00" }],
    ["stop", { stop: "9" }],
    ["past", { day: "04/12/2026" }],
  ] as const)("name the %s as what is wrong", (fault, changes) => {
    expect(timesFor(changes)).toEqual({ fault });
  });

  it("start by default at the next half hour that leaves time to invite", () => {
    expect(defaultTimes(NOW)).toEqual({
      day: "05/12/2026",
      start: "09:00",
      stop: "11:00",
      doors: 30,
      latest: null,
    });
  });

  it("start by default at eight when it is night", () => {
    const at = (text: string): string[] => {
      const { day, start } = defaultTimes(Date.parse(text));
      return [day, start];
    };
    expect(at("2026-12-04T19:00:00Z")).toEqual(["05/12/2026", "08:00"]); // 02:00 in Vietnam
    expect(at("2026-12-05T13:00:00Z")).toEqual(["06/12/2026", "08:00"]); // 20:00
  });

  it("come back unchanged from what was booked", () => {
    const result = timesFor({});
    expect("times" in result && draftOf(result.times)).toEqual(draft);
  });
});

describe("looking for free time", () => {
  it("asks for the form's length from its day on, even when its time is past", () => {
    const day = Date.parse("2026-12-04T17:00:00Z"); // midnight in Vietnam
    expect(searchOf({ ...draft, start: "01:00", stop: "03:30" })).toEqual({ minutes: 150, day });
    expect(searchOf({ ...draft, stop: "half past" })).toBeNull();
  });

  it("fills a window into the form as it is written in Vietnam", () => {
    const window = draftOfWindow("2026-12-06T18:00:00Z", "2026-12-06T20:30:00Z");
    expect(window).toEqual({ day: "07/12/2026", start: "01:00", stop: "03:30" });
  });
});
