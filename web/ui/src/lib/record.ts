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

function broken<T extends { at: string }>(
  moments: readonly Moment[],
  step: number,
  shown: (moment: Moment | null) => T,
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

/** The incidents as bands; one that still lasts ends with the record. */
export function bandsOf({ incidents, ends }: LineRecord): Band[] {
  return incidents.map(({ since, until, severity }) => ({
    from: since,
    to: until ?? ends,
    tone: severity === "minor" ? "fair" : "poor",
  }));
}
