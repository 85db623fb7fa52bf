/** The days of a calendar and what happens on them, in the pages' time zone. No I/O, no reactivity. */
import { date, parseMoment } from "./format";

export type Span = "week" | "month";

/** Something that lasts from a start to a stop. */
export interface Lasting {
  start: string;
  stop: string;
}

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

/** What lasts into a day, earliest first. */
export function onDay<T extends Lasting>(list: readonly T[], day: number): T[] {
  const after = plusDays(day, 1);
  return list
    .filter(({ start, stop }) => Date.parse(start) < after && Date.parse(stop) > day)
    .sort((one, other) => Date.parse(one.start) - Date.parse(other.start));
}

/** The moment that an arrow key goes to from a day of the calendar; null for another key. */
export function dayAfterKey(key: string, day: number): number | null {
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -WEEK, ArrowDown: WEEK };
  const step = steps[key];
  return step === undefined ? null : plusDays(day, step);
}

/** The day that `dd-mm-yyyy` in an address names; null when it names none. */
export function dayFrom(text: string | null): number | null {
  return text ? (parseMoment(text.replaceAll("-", "/"), "00:00")?.getTime() ?? null) : null;
}

/** A day as addresses name it. */
export function dayName(day: number): string {
  return date(new Date(day)).replaceAll("/", "-");
}

/** The key by which holidays are found: the server's writing of a day, `yyyy-mm-dd`. */
export function isoDay(day: number): string {
  return date(new Date(day)).split("/").reverse().join("-");
}
