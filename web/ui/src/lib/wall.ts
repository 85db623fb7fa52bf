/** The wall of lines: every booked point with its newest figures, worst first. No I/O, no reactivity. */
import { fold } from "./format";
import type { Grade, LinkStatus, PointRef, PresenceNow } from "./model";
import type { Presence } from "./wire";

/** Figures older than three sampling periods say nothing about now. */
export const STALE_MS = 3 * 2000;

/** What never changes of a tile; folding 3,321 names each second would be felt. */
export interface Hall {
  participant: string;
  name: string;
  folded: string;
}

export interface Tile extends Hall {
  presence: Presence;
  link: LinkStatus | null;
  ageMs: number | null;
  /** What may be claimed now: unknown when the figures are old, whatever they said. */
  grade: Grade;
}

export type GradeFilter = "all" | "absent" | Grade;

const RANK: Record<Grade, number> = { poor: 0, fair: 1, unknown: 2, good: 3 };

export function hallOf(point: PointRef): Hall {
  return {
    participant: `point:${point.code}`,
    name: point.name,
    folded: fold(`${point.name} ${point.code}`),
  };
}

/** Thousands of samples are of one moment: its text is read once. */
let moment = { text: "", ms: 0 };
function momentMs(text: string): number {
  if (moment.text !== text) moment = { text, ms: Date.parse(text) };
  return moment.ms;
}

export function tileOf(
  hall: Hall,
  link: LinkStatus | undefined,
  presence: PresenceNow | undefined,
  nowMs: number,
): Tile {
  const ageMs = link ? Math.max(0, nowMs - momentMs(link.sample.at)) : null;
  const stale = ageMs === null || ageMs > STALE_MS;
  return {
    ...hall,
    presence: presence?.presence ?? "absent",
    link: link ?? null,
    ageMs,
    grade: link && !stale ? link.grade : "unknown",
  };
}

/** Lost lines, then poor, fair, unknown and good ones, then those that are not in; by name within each. */
export function worstFirst(a: Tile, b: Tile): number {
  return rank(a) - rank(b) || (a.folded < b.folded ? -1 : Number(a.folded > b.folded));
}

function rank(tile: Tile): number {
  if (tile.presence === "lost") return -1;
  return tile.presence === "absent" && tile.grade === "unknown" ? 9 : RANK[tile.grade];
}

export function passes(tile: Tile, filter: GradeFilter, search: string): boolean {
  if (search !== "" && !tile.folded.includes(fold(search.trim()))) return false;
  if (filter === "all") return true;
  return filter === "absent"
    ? tile.presence === "absent"
    : tile.presence !== "absent" && tile.grade === filter;
}

export function countGrades(tiles: readonly Tile[]): Record<Grade | "absent", number> {
  const counts = { good: 0, fair: 0, poor: 0, unknown: 0, absent: 0 };
  for (const tile of tiles) counts[tile.presence === "absent" ? "absent" : tile.grade] += 1;
  return counts;
}
