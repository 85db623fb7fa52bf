import { expect, test } from "vitest";
import { noRepeat, placeOf, ruleOf, type RepeatDraft } from "./repeat";

const WEDNESDAY = "25/11/2026";
const draft = (change: Partial<RepeatDraft>): RepeatDraft => ({ ...noRepeat(), ...change });

test("what does not repeat has no rule", () => {
  expect(ruleOf(noRepeat(), WEDNESDAY)).toBeNull();
  expect(ruleOf(draft({ every: "daily" }), "31/02/2026")).toBeNull();
});

test("a week's rule holds the first conference's day in the week's order", () => {
  expect(ruleOf(draft({ every: "weekly", days: ["FR", "MO"], count: 3 }), WEDNESDAY)).toEqual({
    rule: "FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=3",
  });
});

test("a month's rule is its date or its weekday", () => {
  expect(ruleOf(draft({ every: "monthly" }), WEDNESDAY)).toEqual({ rule: "FREQ=MONTHLY;COUNT=4" });
  expect(ruleOf(draft({ every: "monthly", monthly: "weekday" }), WEDNESDAY)).toEqual({
    rule: "FREQ=MONTHLY;BYDAY=4WE;COUNT=4",
  });
  expect(placeOf("30/11/2026")).toEqual({ day: "MO", nth: -1 });
});

test("the day until which it repeats counts to its end", () => {
  expect(
    ruleOf(draft({ every: "daily", interval: 2, end: "until", until: "01/12/2026" }), WEDNESDAY),
  ).toEqual({
    rule: "FREQ=DAILY;INTERVAL=2;UNTIL=20261201T165900Z",
  });
});

test("what is wrong is named", () => {
  expect(ruleOf(draft({ every: "daily", interval: 0 }), WEDNESDAY)).toEqual({ fault: "interval" });
  expect(ruleOf(draft({ every: "daily", count: 401 }), WEDNESDAY)).toEqual({ fault: "count" });
  expect(ruleOf(draft({ every: "daily", end: "until", until: "24/11/2026" }), WEDNESDAY)).toEqual({
    fault: "until",
  });
});
