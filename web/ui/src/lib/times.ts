/** The times of a conference as the organizer writes them: a day, two hours, and minutes before the start. */
import { date, parseMoment, time } from "./format";
import type { Times } from "./model";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Nobody means a conference before or after these hours unless they say so. */
const MORNING = 7;
const EVENING = 18;
/** A stop written before the start means the next day when the conference then is no longer than this. */
const LONGEST_PAST_MIDNIGHT = 12 * HOUR;

export interface TimesDraft {
  day: string;
  start: string;
  stop: string;
  /** Minutes that the doors open before the start. */
  doors: number;
  /** Minutes after the start when nobody may join any more; null: until the end. */
  latest: number | null;
}

export type TimesFault = "day" | "start" | "stop" | "order" | "past";

/** The next half hour of the day that leaves time to invite, else eight o'clock of the next day; for two hours. */
export function defaultTimes(nowMs: number): TimesDraft {
  const soon = Math.ceil((nowMs + 30 * MINUTE) / (30 * MINUTE)) * 30 * MINUTE;
  const hour = Number(time(new Date(soon)).slice(0, 2));
  const day = date(new Date(hour < MORNING ? soon : soon + 24 * HOUR));
  const morning = parseMoment(day, "08:00")?.getTime() ?? soon;
  const start = hour < MORNING || hour >= EVENING ? morning : soon;
  return {
    day: date(new Date(start)),
    start: time(new Date(start)),
    stop: time(new Date(start + 2 * HOUR)),
    doors: 30,
    latest: null,
  };
}

export function draftOf(times: Times): TimesDraft {
  const start = Date.parse(times.start);
  const latest = Math.round((Date.parse(times.must_join_before) - start) / MINUTE);
  return {
    day: date(times.start),
    start: time(times.start),
    stop: time(times.stop),
    doors: Math.round((start - Date.parse(times.can_join_after)) / MINUTE),
    latest: times.must_join_before === times.stop ? null : latest,
  };
}

/** The times that a draft names, or what is wrong with it. */
export function timesOf(draft: TimesDraft, nowMs: number): { times: Times } | { fault: TimesFault } {
  if (!parseMoment(draft.day, "00:00")) return { fault: "day" };
  const start = parseMoment(draft.day, draft.start);
  const written = parseMoment(draft.day, draft.stop);
  if (!start) return { fault: "start" };
  if (!written) return { fault: "stop" };
  const stop = written > start ? written : new Date(written.getTime() + 24 * HOUR);
  if (stop !== written && stop.getTime() - start.getTime() > LONGEST_PAST_MIDNIGHT) return { fault: "order" };
  if (stop.getTime() <= nowMs) return { fault: "past" };
  const last = draft.latest === null ? stop.getTime() : start.getTime() + draft.latest * MINUTE;
  return {
    times: {
      can_join_after: new Date(start.getTime() - draft.doors * MINUTE).toISOString(),
      start: start.toISOString(),
      stop: stop.toISOString(),
      must_join_before: new Date(Math.min(last, stop.getTime())).toISOString(),
    },
  };
}

/** How long the draft's conference is and the start of its day, in ms, to look for free time; null when unclear. */
export function searchOf(draft: TimesDraft): { minutes: number; day: number } | null {
  const result = timesOf(draft, 0);
  const day = parseMoment(draft.day, "00:00");
  if (!("times" in result) || !day) return null;
  const { start, stop } = result.times;
  return { minutes: (Date.parse(stop) - Date.parse(start)) / MINUTE, day: day.getTime() };
}

/** A window of free time as the form writes it. */
export function draftOfWindow(start: string, stop: string): Pick<TimesDraft, "day" | "start" | "stop"> {
  return { day: date(start), start: time(start), stop: time(stop) };
}

/** The same conference at another start and stop: its doors open as long before. */
export function shifted(times: Times, start: string, stop: string): Times {
  const lead = Date.parse(times.start) - Date.parse(times.can_join_after);
  const last = Date.parse(times.must_join_before) - Date.parse(times.start);
  const from = Date.parse(start);
  const ends = times.must_join_before === times.stop;
  return {
    can_join_after: new Date(from - lead).toISOString(),
    start,
    stop,
    must_join_before: ends ? stop : new Date(Math.min(from + last, Date.parse(stop))).toISOString(),
  };
}

/** The minutes of an ISO 8601 duration of days, hours and minutes ("PT1H30M"). */
export function minutesOf(duration: string): number {
  const parts = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?/.exec(duration);
  const [days, hours, minutes] = [1, 2, 3].map((n) => Number(parts?.[n] ?? 0)) as [number, number, number];
  return (days * 24 + hours) * 60 + minutes;
}
