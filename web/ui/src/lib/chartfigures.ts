/** A chart's figures for those who read instead of looking. No reactivity. */

export interface Extent {
  low: number;
  high: number;
  last: number;
}

/** The lowest, the highest and the newest of the figures; null where nothing was measured. */
export function extentOf(figures: readonly (number | null | undefined)[]): Extent | null {
  const known = figures.filter((figure): figure is number => typeof figure === "number");
  const last = known[known.length - 1];
  if (last === undefined) return null;
  const [low, high] = known.reduce(
    ([least, most], one) => [Math.min(least, one), Math.max(most, one)],
    [last, last],
  );
  return { low, high, last };
}

/** Which of so many rows to show when there is room for `most`: the newest first, the rest evenly apart. */
export function rowsToRead(count: number, most: number): number[] {
  const step = Math.max(1, Math.ceil(count / most));
  return Array.from({ length: Math.ceil(count / step) }, (_, n) => count - 1 - n * step);
}
