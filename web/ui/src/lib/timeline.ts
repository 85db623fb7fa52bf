/** What holds each point, as bars on a line of time. No I/O, no reactivity. */
import type { Held } from "./model";

export interface Bar {
  held: Held;
  /** Where it begins and how wide it is, in percent of the time that is shown. */
  left: number;
  width: number;
}

/** The bars of each point by its code, cut at the edges of the time from `start` to `stop` (ms). */
export function barsOf(list: readonly Held[], start: number, stop: number): Map<string, Bar[]> {
  const bars = new Map<string, Bar[]>();
  for (const held of list) {
    const from = Math.max(start, Date.parse(held.since));
    const until = Math.min(stop, Date.parse(held.until));
    if (until <= from) continue;
    const all = stop - start;
    const bar = { held, left: ((from - start) / all) * 100, width: ((until - from) / all) * 100 };
    for (const point of held.points) {
      const row = bars.get(point);
      if (row) row.push(bar);
      else bars.set(point, [bar]);
    }
  }
  return bars;
}

/** As many rows are seen at a glance; where there are more, those with something in them come first. */
const AT_A_GLANCE = 12;

export function busyFirst<T>(rows: readonly T[], busy: (row: T) => boolean, only: boolean): T[] {
  const full = rows.filter(busy);
  if (only) return full;
  return rows.length <= AT_A_GLANCE ? [...rows] : [...full, ...rows.filter((row) => !busy(row))];
}
