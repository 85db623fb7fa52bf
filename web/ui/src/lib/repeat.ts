/** How a conference repeats, as the organizer says it, and the RFC 5545 rule that this means. */
import { parseMoment } from "./format";

export const DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;
export type Day = (typeof DAYS)[number];
export const EVERY = ["never", "daily", "weekly", "monthly"] as const;
export type Every = (typeof EVERY)[number];

export interface RepeatDraft {
  every: Every;
  /** Every so many days, weeks or months. */
  interval: number | null;
  /** Besides the weekday of the first conference. */
  days: Day[];
  monthly: "date" | "weekday";
  end: "count" | "until";
  count: number | null;
  /** dd/MM/yyyy; that day counts. */
  until: string;
  skipHolidays: boolean;
}

export type RepeatFault = "interval" | "count" | "until";

export const MOST = 400;
const MOST_INTERVAL = 99;

export function noRepeat(): RepeatDraft {
  return {
    every: "never",
    interval: 1,
    days: [],
    monthly: "date",
    end: "count",
    count: 4,
    until: "",
    skipHolidays: true,
  };
}

/** The weekday of a day written dd/MM/yyyy, and which of its month's it is (-1: the last); null when it is no day. */
export function placeOf(day: string): { day: Day; nth: number } | null {
  if (!parseMoment(day, "12:00")) return null;
  const [d, m, y] = day.trim().split("/").map(Number) as [number, number, number];
  const weekday = DAYS[(new Date(Date.UTC(y, m - 1, d)).getUTCDay() + 6) % 7] as Day;
  const nth = Math.ceil(d / 7);
  return { day: weekday, nth: nth > 4 ? -1 : nth };
}

/** The rule that a draft means for a first conference on `first`, or what is wrong; null when it does not repeat. */
export function ruleOf(draft: RepeatDraft, first: string): { rule: string } | { fault: RepeatFault } | null {
  const place = placeOf(first);
  if (draft.every === "never" || !place) return null;
  if (!between(draft.interval, 1, MOST_INTERVAL)) return { fault: "interval" };
  const end = endOf(draft, first);
  if (!end) return { fault: draft.end };
  const interval = draft.interval === 1 ? "" : `;INTERVAL=${draft.interval}`;
  return { rule: `FREQ=${draft.every.toUpperCase()}${interval}${byDay(draft, place)}${end}` };
}

function byDay({ every, days, monthly }: RepeatDraft, place: { day: Day; nth: number }): string {
  if (every === "weekly")
    return `;BYDAY=${DAYS.filter((day) => day === place.day || days.includes(day)).join(",")}`;
  return every === "monthly" && monthly === "weekday" ? `;BYDAY=${place.nth}${place.day}` : "";
}

function endOf({ end, count, until }: RepeatDraft, first: string): string | null {
  if (end === "count") return between(count, 1, MOST) ? `;COUNT=${count}` : null;
  const last = parseMoment(until, "23:59");
  const from = parseMoment(first, "00:00");
  if (!last || !from || last < from) return null;
  return `;UNTIL=${last.toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
}

function between(value: number | null | undefined, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}
