/** The wall as one picture: which tile stands where. No I/O, no reactivity. */
import type { ConferenceMap } from "./model";
import { worstFirst, type Tile } from "./wall";

export interface Group {
  key: string;
  title: string;
  tiles: Tile[];
}

export interface Placed {
  tile: Tile;
  x: number;
  y: number;
}

export interface PlacedGroup {
  group: Group;
  x: number;
  y: number;
  width: number;
  tiles: Placed[];
}

/** All lengths in CSS pixels; `height` is what the wall needs, which may be more than there is room for. */
export interface Mosaic {
  cellWidth: number;
  cellHeight: number;
  named: boolean;
  height: number;
  groups: PlacedGroup[];
}

/** Smallest tile that a shape can still be told in. */
const MIN_CELL = 9;
const HEADER_REM = 1.75;
const GROUP_GAP_REM = 0.5;
const NAMED_REM = { width: 9, height: 2 };
const LARGEST_REM = 2.75;

/**
 * The unit that stands for each unit's points on the wall: the nearest one, itself or above, with at least two
 * booked points below it. A commune with one hall stands under its province, a province's halls under the province.
 */
export function groupUnits(map: ConferenceMap): Map<string, string> {
  const units = new Map(map.units.map((unit) => [unit.code, unit]));
  const below = new Map<string, number>();
  for (const point of map.points) {
    for (let at = units.get(point.unit); at; at = at.parent === null ? undefined : units.get(at.parent)) {
      below.set(at.code, (below.get(at.code) ?? 0) + 1);
    }
  }
  const result = new Map<string, string>();
  for (const unit of map.units) {
    let at = unit;
    while ((below.get(at.code) ?? 0) < 2 && at.parent !== null) {
      const parent = units.get(at.parent);
      if (!parent) break;
      at = parent;
    }
    result.set(unit.code, at.code);
  }
  return result;
}

/** Each point's participant with the key of its group. */
export function groupOfPoints(map: ConferenceMap): Map<string, string> {
  const units = groupUnits(map);
  return new Map(map.points.map((point) => [`point:${point.code}`, units.get(point.unit) ?? point.unit]));
}

/** Tiles by group, the illest group first and the worst tile first in each. */
export function groupTiles(
  tiles: readonly Tile[],
  groupOf: ReadonlyMap<string, string>,
  titles: ReadonlyMap<string, string>,
): Group[] {
  const groups = new Map<string, Group>();
  for (const tile of tiles) {
    const key = groupOf.get(tile.participant) ?? "";
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { key, title: titles.get(key) ?? "", tiles: [] }));
    group.tiles.push(tile);
  }
  for (const group of groups.values()) group.tiles.sort(worstFirst);
  return [...groups.values()]
    .map((group) => ({ group, ill: illness(group.tiles) }))
    .sort((a, b) => b.ill - a.ill || (a.group.title < b.group.title ? -1 : 1))
    .map(({ group }) => group);
}

/** How ill a group is, 0 to 1: its share of lost and poor lines, fair ones count a tenth. */
export function illness(tiles: readonly Tile[]): number {
  let ill = 0;
  for (const tile of tiles) {
    if (tile.presence === "lost" || tile.grade === "poor") ill += 1;
    else if (tile.grade === "fair") ill += 0.1;
  }
  return tiles.length === 0 ? 0 : ill / tiles.length;
}

/** Places all groups in the room, with names where they fit, else with the largest tiles that fit. */
export function placeMosaic(groups: readonly Group[], width: number, height: number, rem: number): Mosaic {
  for (const columns of [1, 2, 3, 4]) {
    const named = place(groups, width, columns, NAMED_REM.width * rem, NAMED_REM.height * rem, rem, true);
    if (named && named.height <= height) return named;
  }
  for (let cell = Math.floor(LARGEST_REM * rem); cell >= MIN_CELL; cell--) {
    for (let columns = 1; columns <= 8; columns++) {
      const mosaic = place(groups, width, columns, cell, cell, rem, false);
      if (mosaic && mosaic.height <= height) return mosaic;
    }
  }
  const columns = Math.max(1, Math.min(8, Math.floor(width / (16 * rem))));
  return place(groups, width, columns, MIN_CELL, MIN_CELL, rem, false) ?? NOTHING;
}

const NOTHING: Mosaic = { cellWidth: MIN_CELL, cellHeight: MIN_CELL, named: false, height: 0, groups: [] };

/** Groups side by side in `columns`, each below the shortest column so far; null when a tile is wider than a column. */
function place(
  groups: readonly Group[],
  width: number,
  columns: number,
  cellWidth: number,
  cellHeight: number,
  rem: number,
  named: boolean,
): Mosaic | null {
  const gap = GROUP_GAP_REM * rem;
  const room = (width - gap * (columns - 1)) / columns;
  const across = Math.floor(room / cellWidth);
  if (across < 1 || (columns > 1 && room < 8 * rem)) return null;
  const wide = named ? room / across : cellWidth;
  const bottoms = new Array<number>(columns).fill(0);
  const placed = groups.map((group) => {
    const column = bottoms.indexOf(Math.min(...bottoms));
    const x = column * (room + gap);
    const y = bottoms[column] ?? 0;
    const top = y + HEADER_REM * rem;
    const rows = Math.ceil(group.tiles.length / across);
    bottoms[column] = top + rows * cellHeight + gap;
    const tiles = group.tiles.map((tile, n) => ({
      tile,
      x: x + (n % across) * wide,
      y: top + Math.floor(n / across) * cellHeight,
    }));
    return { group, x, y, width: room, tiles };
  });
  return { cellWidth: wide, cellHeight, named, height: Math.max(0, ...bottoms), groups: placed };
}

/** The tile at a place, or null between them. */
export function tileAt(mosaic: Mosaic, x: number, y: number): Tile | null {
  for (const group of mosaic.groups) {
    if (x < group.x || x >= group.x + group.width || y < group.y) continue;
    for (const placed of group.tiles) {
      if (
        x >= placed.x &&
        x < placed.x + mosaic.cellWidth &&
        y >= placed.y &&
        y < placed.y + mosaic.cellHeight
      ) {
        return placed.tile;
      }
    }
  }
  return null;
}

export type Move = "left" | "right" | "up" | "down" | "home" | "end";

/** Where the keyboard goes from `from`: along the reading order, or to the nearest tile above or below. */
export function step(mosaic: Mosaic, from: string | null, move: Move): Tile | null {
  const all = mosaic.groups.flatMap((group) => group.tiles);
  const at = all.findIndex((placed) => placed.tile.participant === from);
  if (at < 0 || move === "home") return all[0]?.tile ?? null;
  if (move === "end") return all[all.length - 1]?.tile ?? null;
  if (move === "left" || move === "right") return all[at + (move === "left" ? -1 : 1)]?.tile ?? null;
  const here = all[at];
  if (!here) return null;
  let best: Placed | null = null;
  let distance = Infinity;
  for (const placed of all) {
    const down = move === "down" ? placed.y - here.y : here.y - placed.y;
    if (down <= 0) continue;
    const far = down + 2 * Math.abs(placed.x - here.x);
    if (far < distance) [best, distance] = [placed, far];
  }
  return best?.tile ?? null;
}
