/** How one line is beside those of the same unit, now. No I/O, no reactivity. */
import type { Tile } from "./wall";

export interface Figures {
  kbpsUp: number | null;
  kbpsDown: number | null;
  loss: number | null;
  rttMs: number | null;
}

export interface Neighbours {
  title: string;
  /** How many others are there and measured now. */
  count: number;
  /** How many of them are poor or lost. */
  ill: number;
  middle: Figures;
}

/** The newest figures of a line, nothing of one whose figures are too old. */
export function figuresOf(tile: Tile): Figures | null {
  const sample = tile.grade === "unknown" ? null : (tile.link?.sample ?? null);
  if (!sample) return null;
  const { loss_up: up, loss_down: down } = sample;
  return {
    kbpsUp: sample.kbps_up,
    kbpsDown: sample.kbps_down,
    loss: up == null && down == null ? null : Math.max(up ?? 0, down ?? 0),
    rttMs: sample.rtt_ms ?? null,
  };
}

/** `group` are the tiles of the same unit, the point itself among them. */
export function compare(tile: Tile, group: readonly Tile[], title: string): Neighbours {
  const others = group.filter(
    (other) => other.participant !== tile.participant && other.presence !== "absent",
  );
  const figures = others.map(figuresOf).filter((found): found is Figures => found !== null);
  const middleOf = (name: keyof Figures): number | null =>
    median(figures.map((found) => found[name]).filter((value): value is number => value !== null));
  return {
    title,
    count: others.length,
    ill: others.filter((other) => other.presence === "lost" || other.grade === "poor").length,
    middle: {
      kbpsUp: middleOf("kbpsUp"),
      kbpsDown: middleOf("kbpsDown"),
      loss: middleOf("loss"),
      rttMs: middleOf("rttMs"),
    },
  };
}

/** What the comparison says of an ill point: it is alone, or others are ill too; null when there is nothing to say. */
export function verdict(tile: Tile, neighbours: Neighbours): "alone" | "together" | null {
  const ill = tile.presence === "lost" || tile.grade === "poor";
  if (!ill || neighbours.count < 3) return null;
  return neighbours.ill / neighbours.count >= 0.3
    ? "together"
    : neighbours.ill <= 0.05 * neighbours.count
      ? "alone"
      : null;
}

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
