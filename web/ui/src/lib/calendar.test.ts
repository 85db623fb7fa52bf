import { describe, expect, it } from "vitest";
import { dayAfterKey, dayFrom, dayName, dayOf, daysOf, isoDay, moved, onDay, sameMonth } from "./calendar";
import { date } from "./format";

const NIGHT = Date.parse("2026-12-05T18:30:00Z"); // Sunday 06/12/2026 01:30 in Vietnam
const said = (day: number | undefined): string => date(new Date(day ?? NaN));

const lasting = (id: string, start: string, stop: string) => ({ id, start, stop });

describe("the calendar", () => {
  it("shows the week from Monday of the day in Vietnam", () => {
    const days = daysOf("week", dayOf(NIGHT));
    expect(days).toHaveLength(7);
    expect([said(days[0]), said(days[6])]).toEqual(["30/11/2026", "06/12/2026"]);
  });

  it("shows every week that a month touches, and no other", () => {
    const december = daysOf("month", dayOf(NIGHT));
    expect([said(december[0]), said(december.at(-1))]).toEqual(["30/11/2026", "03/01/2027"]);
    const february = daysOf("month", Date.parse("2027-02-10T00:00:00Z")); // 28 days from a Monday on
    expect([february.length, said(february[0]), said(february.at(-1))]).toEqual([
      28,
      "01/02/2027",
      "28/02/2027",
    ]);
  });

  it("goes on by a week or a month", () => {
    const day = dayOf(Date.parse("2027-01-31T05:00:00Z"));
    expect(said(moved("week", day, 1))).toBe("07/02/2027");
    expect(said(moved("month", day, 1))).toBe("01/02/2027");
    expect(said(moved("month", day, -1))).toBe("01/12/2026");
    expect(sameMonth(day, moved("month", day, 1))).toBe(false);
  });

  it("puts a conference on each day that it lasts into, earliest first", () => {
    const list = [
      lasting("late", "2026-12-06T15:00:00Z", "2026-12-06T17:00:00Z"), // ends at midnight
      lasting("over night", "2026-12-05T16:00:00Z", "2026-12-05T18:00:00Z"),
    ];
    const day = dayOf(NIGHT);
    expect(onDay(list, day).map(({ id }) => id)).toEqual(["over night", "late"]);
    expect(onDay(list, moved("week", day, 1))).toEqual([]);
    expect(onDay(list, dayOf(day + 36 * 3_600_000))).toEqual([]);
  });

  it("goes from day to day by the arrow keys and leaves other keys alone", () => {
    const day = dayOf(NIGHT);
    expect(["ArrowLeft", "ArrowDown"].map((key) => said(dayAfterKey(key, day) ?? NaN))).toEqual([
      "05/12/2026",
      "13/12/2026",
    ]);
    expect(dayAfterKey("a", day)).toBeNull();
  });

  it("names a day in addresses and finds it again", () => {
    const day = dayOf(NIGHT);
    expect(dayName(day)).toBe("06-12-2026");
    expect(dayFrom(dayName(day))).toBe(day);
    expect([dayFrom("31-02-2027"), dayFrom(null), dayFrom("x")]).toEqual([null, null, null]);
    expect(isoDay(day)).toBe("2026-12-06");
  });
});
