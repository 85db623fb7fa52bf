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
  /** Its place among all halls by name: numbers are compared much sooner than names. */
  place: number;
}

export interface Tile extends Hall {
  presence: Presence;
  link: LinkStatus | null;
  ageMs: number | null;
  /** What may be claimed now: unknown when the figures are old, whatever they said. */
  grade: Grade;
  /** The smaller, the worse. */
  rank: number;
}

export type GradeFilter = "all" | "absent" | Grade;

const RANK: Record<Grade, number> = { poor: 0, fair: 1, unknown: 2, good: 3 };

/** Halls of points, by name. */
export function hallsOf(points: readonly Pick<PointRef, "code" | "name">[]): Hall[] {
  return points
    .map(({ code, name }) => ({ participant: `point:${code}`, name, folded: fold(`${name} ${code}`) }))
    .sort((a, b) => (a.folded < b.folded ? -1 : Number(a.folded > b.folded)))
    .map((hall, place) => ({ ...hall, place }));
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
  const grade = link && !stale ? link.grade : "unknown";
  const here = presence?.presence ?? "absent";
  return { ...hall, presence: here, link: link ?? null, ageMs, grade, rank: rankOf(here, grade) };
}

/** Lost lines, then poor, fair, unknown and good ones, then those that are not in; by name within each. */
export function worstFirst(a: Tile, b: Tile): number {
  return a.rank - b.rank || a.place - b.place;
}

export function rankOf(presence: Presence, grade: Grade): number {
  if (presence === "lost") return -1;
  return presence === "absent" && grade === "unknown" ? 9 : RANK[grade];
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
