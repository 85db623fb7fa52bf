/** A point's past by days, made ready for a calendar and for charts. No I/O, no reactivity. */
import { dayOf } from "./calendar";
import type { Grade, LineRecord } from "./model";

type Moment = LineRecord["moments"][number];

/** What a chart draws; all figures null: nothing was measured there, and the line breaks. */
export interface LineMoment {
  at: string;
  kbps_up: number | null;
  kbps_down: number | null;
  loss_up: number | null;
  loss_down: number | null;
  rtt_ms: number | null;
}
export interface SaidMoments {
  at: string;
  frozen_share: number | null;
  concealed: number | null;
  fps: number | null;
}
/** A stretch of time that is marked on the chart. */
export interface Band {
  from: string;
  to: string;
  tone: "poor" | "fair";
}

/** From this share of the graded samples on a day counts as fair or poor. */
export const BAD_SHARE = 0.05;

/** The grade of a line over many samples: poor or fair as soon as a twentieth of the time was. */
export function gradeOf(good: number, fair: number, poor: number): Grade {
  const all = good + fair + poor;
  if (all === 0) return "unknown";
  if (poor / all >= BAD_SHARE) return "poor";
  return (fair + poor) / all >= BAD_SHARE ? "fair" : "good";
}

export interface Day {
  /** Its first moment in ms. */
  day: number;
  minutes: number;
  grade: Grade;
}

/** Each day of which something is known, by its first moment. */
export function daysOfRecord(moments: readonly Moment[]): Map<number, Day> {
  const sums = new Map<number, { minutes: number; good: number; fair: number; poor: number }>();
  for (const { at, minutes, good, fair, poor } of moments) {
    const day = dayOf(Date.parse(at));
    const sum = sums.get(day) ?? { minutes: 0, good: 0, fair: 0, poor: 0 };
    sums.set(day, {
      minutes: sum.minutes + minutes,
      good: sum.good + good,
      fair: sum.fair + fair,
      poor: sum.poor + poor,
    });
  }
  return new Map(
    [...sums].map(([day, { minutes, good, fair, poor }]) => [
      day,
      { day, minutes, grade: gradeOf(good, fair, poor) },
    ]),
  );
}

/** Moments for the charts of a line: losses as of the worst minute, a break wherever steps are missing. */
export function lineMoments({ moments, step_seconds }: LineRecord): LineMoment[] {
  return broken(moments, step_seconds, (moment) => ({
    at: moment?.at ?? "",
    kbps_up: moment?.kbps_up ?? null,
    kbps_down: moment?.kbps_down ?? null,
    loss_up: null,
    loss_down: moment?.worst_loss ?? null,
    rtt_ms: moment?.rtt_ms ?? null,
  }));
}

/** What the endpoint said, as `lineMoments`; empty where it never said anything. */
export function saidMoments({ moments, step_seconds }: LineRecord): SaidMoments[] {
  if (moments.every(({ fps, disturbed }) => fps === null && disturbed === null)) return [];
  return broken(moments, step_seconds, (moment) => ({
    at: moment?.at ?? "",
    frozen_share: moment?.disturbed ?? null,
    concealed: null,
    fps: moment?.fps ?? null,
  }));
}

function broken<M extends { at: string }, T extends { at: string }>(
  moments: readonly M[],
  step: number,
  shown: (moment: M | null) => T,
): T[] {
  const found: T[] = [];
  let before: number | null = null;
  for (const moment of moments) {
    const at = Date.parse(moment.at);
    if (before !== null && at - before > step * 1_500) {
      found.push({ ...shown(null), at: new Date(before + step * 500).toISOString() });
    }
    found.push(shown(moment));
    before = at;
  }
  return found;
}

/** A live line with a break wherever nothing was measured for three times as long as usual. */
export function withBreaks<T extends { at: string }>(samples: readonly T[], nothing: T): T[] {
  const steps = samples.slice(1).map(({ at }, n) => Date.parse(at) - Date.parse(samples[n]?.at ?? at));
  const usual = steps.sort((a, b) => a - b)[steps.length >> 1] ?? 0;
  return broken(samples, (2 * usual) / 1000, (sample) => sample ?? nothing);
}

/** The least that a chart shows, in seconds: one minute alone would be a line without hours beside it. */
const LEAST_SPAN = 600;

/** From the first moment to the last of all lines, in seconds; charts of them share it. */
export function spanOf(...lines: readonly (readonly { at: string }[])[]): { from: number; to: number } {
  const ends = lines.flatMap((line) => [line[0], line[line.length - 1]]);
  const seconds = ends.flatMap((end) => (end ? [Date.parse(end.at) / 1000] : []));
  const to = Math.max(...seconds);
  return { from: Math.min(...seconds, to - LEAST_SPAN), to };
}

/** The incidents as bands; one that still lasts ends now, or with the record. */
export function bandsOf({ incidents, ends }: LineRecord, nowMs: number): Band[] {
  const lasts = new Date(Math.min(Date.parse(ends), nowMs)).toISOString();
  return incidents.map(({ since, until, severity }) => ({
    from: since,
    to: until ?? lasts,
    tone: severity === "minor" ? "fair" : "poor",
  }));
}
