/** The days of a calendar and what happens on them, in the pages' time zone. No I/O, no reactivity. */
import { date, parseMoment } from "./format";
import type { ConferenceSummary } from "./model";

export type Span = "week" | "month";

const HOUR = 3_600_000;
const WEEK = 7;

/** The first moment of the day that a moment lies in, in ms. */
export function dayOf(moment: number): number {
  return parseMoment(date(new Date(moment)), "00:00")?.getTime() ?? moment;
}

/** The first moment of the day `count` days later; days need not have 24 hours. */
export function plusDays(day: number, count: number): number {
  return dayOf(day + (count * 24 + 12) * HOUR);
}

/** Day of the month, month and year of a day. */
function parts(day: number): [number, number, number] {
  return date(new Date(day)).split("/").map(Number) as [number, number, number];
}

function mondayOf(day: number): number {
  const [d, m, y] = parts(day);
  return plusDays(day, -((new Date(Date.UTC(y, m - 1, d)).getUTCDay() + 6) % WEEK));
}

function firstOfMonth(day: number): number {
  return plusDays(day, 1 - parts(day)[0]);
}

/** The days that are shown: a week from Monday, or all weeks that a month touches. */
export function daysOf(span: Span, day: number): number[] {
  const first = mondayOf(span === "week" ? day : firstOfMonth(day));
  const after = span === "week" ? plusDays(first, WEEK) : moved("month", day, 1);
  const days: number[] = [];
  for (let next = first; next < after || days.length % WEEK > 0; next = plusDays(next, 1)) days.push(next);
  return days;
}

/** The same day a week later or earlier; the first of a later or earlier month. */
export function moved(span: Span, day: number, by: 1 | -1): number {
  if (span === "week") return plusDays(day, by * WEEK);
  const first = firstOfMonth(day);
  return by > 0 ? firstOfMonth(plusDays(first, 31)) : firstOfMonth(plusDays(first, -1));
}

/** Whether two days are of one month. */
export function sameMonth(one: number, other: number): boolean {
  return firstOfMonth(one) === firstOfMonth(other);
}

/** The conferences that last into any of the days, which follow each other. */
export function within(list: readonly ConferenceSummary[], days: readonly number[]): ConferenceSummary[] {
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return [];
  const after = plusDays(last, 1);
  return list.filter(({ times }) => Date.parse(times.start) < after && Date.parse(times.stop) > first);
}

/** The conferences that last into a day, earliest first. */
export function onDay(list: readonly ConferenceSummary[], day: number): ConferenceSummary[] {
  return within(list, [day]).sort(
    (one, other) => Date.parse(one.times.start) - Date.parse(other.times.start),
  );
}
