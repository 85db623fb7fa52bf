/** A wall of small pictures by page. No I/O, no reactivity. */
import type { SlotName } from "./wire";

/** How many pictures fit a window that wide: fewer, but large enough to know a face by. */
export function tilesFor(width: number): number {
  if (width < 640) return 4;
  return width < 1100 ? 9 : 25;
}

export function isTile(slot: SlotName): boolean {
  return slot.startsWith("tile");
}

export function tileSlot(place: number): SlotName {
  return `tile${place + 1}` as SlotName;
}

export function pageCount(items: number, size: number): number {
  return Math.max(1, Math.ceil(items / size));
}

/** The page before or after, round from the last to the first. */
export function turned(page: number, by: number, pages: number): number {
  return (((page + by) % pages) + pages) % pages;
}

/** What is on page number `page` (from 0); the last page when there are fewer by now. */
export function onPage<T>(items: readonly T[], page: number, size: number): T[] {
  const first = Math.min(page, pageCount(items.length, size) - 1) * size;
  return items.slice(first, first + size);
}
