/** Draws the wall on a canvas: 3,356 tiles in a few milliseconds, because those of one look are one path. */
import type { Mosaic, Placed } from "./mosaic";
import type { Tile } from "./wall";

export type Look = "good" | "fair" | "poor" | "unknown" | "lost" | "absent";

export interface Palette {
  text: string;
  soft: string;
  line: string;
  accent: string;
  colour: Record<Look, string>;
  ground: Record<Look, string>;
  font: string;
}

export interface Marks {
  chosen: string | null;
  /** The halls of the chosen incident. */
  marked: ReadonlySet<string>;
  cursor: string | null;
}

const LOOKS: readonly Look[] = ["absent", "good", "unknown", "fair", "poor", "lost"];

/** What a tile shows: a lost line before its last grade, and nothing of a hall that is not there. */
export function lookOf(tile: Tile): Look {
  if (tile.presence === "lost") return "lost";
  return tile.presence === "absent" && tile.grade === "unknown" ? "absent" : tile.grade;
}

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const [good, fair, poor, unknown] = ["--good", "--fair", "--poor", "--unknown"].map(colour) as [
    string,
    string,
    string,
    string,
  ];
  const panel = colour("--panel");
  return {
    text: colour("--text"),
    soft: colour("--text-soft"),
    line: colour("--line"),
    accent: colour("--accent"),
    colour: { good, fair, poor, unknown, lost: poor, absent: unknown },
    ground: {
      good: colour("--good-soft"),
      fair: colour("--fair-soft"),
      poor: colour("--poor-soft"),
      lost: colour("--poor-soft"),
      unknown: panel,
      absent: panel,
    },
    font: style.fontFamily,
  };
}

export function paintMosaic(
  context: CanvasRenderingContext2D,
  mosaic: Mosaic,
  palette: Palette,
  rem: number,
  marks: Marks,
  illText: (n: string) => string,
): void {
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  const byLook = new Map<Look, Placed[]>(LOOKS.map((look) => [look, []]));
  for (const { tiles } of mosaic.groups) {
    for (const placed of tiles) byLook.get(lookOf(placed.tile))?.push(placed);
  }
  for (const [look, tiles] of byLook) paintLook(context, mosaic, palette, look, tiles);
  if (mosaic.named) paintNames(context, mosaic, palette);
  paintHeaders(context, mosaic, palette, rem, illText);
  paintMarks(context, mosaic, palette, marks);
}

function paintLook(
  context: CanvasRenderingContext2D,
  mosaic: Mosaic,
  palette: Palette,
  look: Look,
  tiles: readonly Placed[],
): void {
  const { cellWidth: w, cellHeight: h } = mosaic;
  const gap = Math.max(1, Math.round(Math.min(w, h) / 14));
  context.fillStyle = palette.ground[look];
  context.beginPath();
  for (const { x, y } of tiles) context.rect(x, y, w - gap, h - gap);
  context.fill();
  const size = Math.min(w, h) - gap;
  const r = size * (mosaic.named ? 0.24 : 0.36);
  context.beginPath();
  for (const { x, y } of tiles) {
    const cx = x + (mosaic.named ? size / 2 : (w - gap) / 2);
    tracePath(context, look, cx, y + (h - gap) / 2, r);
  }
  if (look === "unknown" || look === "absent" || look === "lost") {
    context.strokeStyle = palette.colour[look];
    context.lineWidth = Math.max(1, r * (look === "lost" ? 0.5 : 0.3));
    context.setLineDash(look === "unknown" ? [r * 0.6, r * 0.5] : []);
    context.stroke();
    context.setLineDash([]);
  } else {
    context.fillStyle = palette.colour[look];
    context.fill();
  }
}

function tracePath(context: CanvasRenderingContext2D, look: Look, x: number, y: number, r: number): void {
  switch (look) {
    case "good":
    case "unknown":
      context.moveTo(x + r, y);
      context.arc(x, y, r, 0, 2 * Math.PI);
      return;
    case "fair":
      context.moveTo(x, y - r);
      context.lineTo(x + r, y + r * 0.85);
      context.lineTo(x - r, y + r * 0.85);
      context.closePath();
      return;
    case "poor":
      context.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
      return;
    case "lost":
      context.moveTo(x - r, y - r);
      context.lineTo(x + r, y + r);
      context.moveTo(x + r, y - r);
      context.lineTo(x - r, y + r);
      return;
    case "absent":
      context.moveTo(x - r * 0.5, y);
      context.lineTo(x + r * 0.5, y);
  }
}

/** The share of a named tile's height that its letters take. */
const LETTERS = 0.4;

function paintNames(context: CanvasRenderingContext2D, mosaic: Mosaic, palette: Palette): void {
  context.font = `${LETTERS * mosaic.cellHeight}px ${palette.font}`;
  context.textBaseline = "middle";
  for (const { tiles } of mosaic.groups) {
    for (const { tile, x, y } of tiles) {
      context.fillStyle = lookOf(tile) === "absent" ? palette.soft : palette.text;
      const left = x + mosaic.cellHeight;
      context.fillText(
        fitted(context, tile.name, mosaic.cellWidth - mosaic.cellHeight - 4),
        left,
        y + mosaic.cellHeight / 2,
      );
    }
  }
}

function paintHeaders(
  context: CanvasRenderingContext2D,
  mosaic: Mosaic,
  palette: Palette,
  rem: number,
  illText: (n: string) => string,
): void {
  context.textBaseline = "middle";
  for (const { group, x, y, width } of mosaic.groups) {
    const middle = y + 0.9 * rem;
    const ill = group.tiles.filter((tile) => ["poor", "lost"].includes(lookOf(tile))).length;
    context.font = `600 ${0.875 * rem}px ${palette.font}`;
    const count = ill > 0 ? `${illText(String(ill))} / ${group.tiles.length}` : String(group.tiles.length);
    const countWidth = context.measureText(count).width;
    context.fillStyle = ill > 0 ? palette.colour.poor : palette.soft;
    context.fillText(count, x + width - countWidth - 2, middle);
    context.fillStyle = palette.text;
    context.fillText(fitted(context, group.title, width - countWidth - rem), x, middle);
  }
}

function paintMarks(context: CanvasRenderingContext2D, mosaic: Mosaic, palette: Palette, marks: Marks): void {
  for (const { tiles } of mosaic.groups) {
    for (const { tile, x, y } of tiles) {
      const chosen = tile.participant === marks.chosen || marks.marked.has(tile.participant);
      if (!chosen && tile.participant !== marks.cursor) continue;
      context.strokeStyle = chosen ? palette.accent : palette.text;
      context.lineWidth = 2;
      context.strokeRect(x, y, mosaic.cellWidth - 1, mosaic.cellHeight - 1);
    }
  }
}

const FITTED = new Map<string, string>();

/** The text, cut with an ellipsis where it is too wide; remembered, for it is asked for each second. */
function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  const key = `${context.font}|${Math.floor(width)}|${text}`;
  const known = FITTED.get(key);
  if (known !== undefined) return known;
  let shown = text;
  while (shown.length > 1 && context.measureText(shown === text ? shown : `${shown}…`).width > width) {
    shown = shown.slice(0, -1);
  }
  if (shown !== text) shown = `${shown.trimEnd()}…`;
  if (FITTED.size > 10_000) FITTED.clear();
  FITTED.set(key, shown);
  return shown;
}
