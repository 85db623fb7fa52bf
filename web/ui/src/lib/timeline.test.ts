import { expect, test } from "vitest";
import type { Held } from "./model";
import { barsOf, busyFirst } from "./timeline";

const START = Date.parse("2026-12-01T00:00:00Z");
const DAY = 86_400_000;

function held(since: string, until: string, points: string[]): Held {
  const range = { start: since, stop: until, since, until };
  return { conference: "c", maintenance: null, title: "Họp", state: "confirmed", ...range, points };
}

test("a bar lies where its time lies, for each of its points", () => {
  const bars = barsOf([held("2026-12-01T06:00:00Z", "2026-12-01T12:00:00Z", ["a", "b"])], START, START + DAY);
  expect(bars.get("a")?.[0]).toMatchObject({ left: 25, width: 25 });
  expect(bars.get("b")).toHaveLength(1);
});

test("what lasts beyond the edge is cut, what lies outside is left out", () => {
  const list = [
    held("2026-11-30T12:00:00Z", "2026-12-01T12:00:00Z", ["a"]),
    held("2026-12-03T00:00:00Z", "2026-12-04T00:00:00Z", ["b"]),
  ];
  const bars = barsOf(list, START, START + DAY);
  expect(bars.get("a")?.[0]).toMatchObject({ left: 0, width: 50 });
  expect(bars.has("b")).toBe(false);
});

test("where there are many rows the busy ones come first, and a few stay in their order", () => {
  const rows = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  const busy = (row: number): boolean => row === 2 || row === 5;
  expect(busyFirst(rows(7), busy, false)).toEqual(rows(7));
  expect(busyFirst(rows(20), busy, false).slice(0, 4)).toEqual([2, 5, 0, 1]);
  expect(busyFirst(rows(20), busy, true)).toEqual([2, 5]);
});
