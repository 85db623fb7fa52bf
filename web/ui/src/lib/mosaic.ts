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
/** A wall is read from across the room: where there is space to spare, names grow, and are less often cut. */
const NAMED_SCALES = [2, 1.75, 1.5, 1.25, 1];
const ROOMY_REM = 12;
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

interface Layout {
  columns: number;
  room: number;
  across: number;
  cellWidth: number;
  cellHeight: number;
  named: boolean;
}

/** Places all groups in the room, with names where they fit, else with the largest tiles that fit. */
export function placeMosaic(groups: readonly Group[], width: number, height: number, rem: number): Mosaic {
  const counts = groups.map((group) => group.tiles.length);
  const layout = chooseLayout(counts, width, height, rem);
  return layout ? build(groups, layout, rem) : NOTHING;
}

const NOTHING: Mosaic = { cellWidth: MIN_CELL, cellHeight: MIN_CELL, named: false, height: 0, groups: [] };

function chooseLayout(counts: readonly number[], width: number, height: number, rem: number): Layout | null {
  const fits = (layout: Layout | null): layout is Layout =>
    layout !== null && bottomsOf(counts, layout, rem).height <= height;
  const sizes = NAMED_SCALES.map((scale) => ({ width: ROOMY_REM * scale, height: NAMED_REM.height * scale }));
  for (const size of [...sizes, NAMED_REM]) {
    for (const columns of [1, 2, 3, 4]) {
      const named = layoutOf(width, columns, size.width * rem, size.height * rem, rem, true);
      if (fits(named)) return named;
    }
  }
  for (let cell = Math.floor(LARGEST_REM * rem); cell >= MIN_CELL; cell--) {
    for (let columns = 1; columns <= 8; columns++) {
      const layout = layoutOf(width, columns, cell, cell, rem, false);
      if (fits(layout)) return layout;
    }
  }
  const columns = Math.max(1, Math.min(8, Math.floor(width / (16 * rem))));
  return layoutOf(width, columns, MIN_CELL, MIN_CELL, rem, false);
}

/** Null when a tile is wider than a column, or a column narrower than its title needs. */
function layoutOf(
  width: number,
  columns: number,
  cellWidth: number,
  cellHeight: number,
  rem: number,
  named: boolean,
): Layout | null {
  const room = (width - GROUP_GAP_REM * rem * (columns - 1)) / columns;
  const across = Math.floor(room / cellWidth);
  if (across < 1 || (columns > 1 && room < 8 * rem)) return null;
  return { columns, room, across, cellWidth: named ? room / across : cellWidth, cellHeight, named };
}

/** Where each group begins: below the shortest column so far. Arithmetic only, for it is tried hundreds of times. */
function bottomsOf(counts: readonly number[], layout: Layout, rem: number) {
  const bottoms = new Array<number>(layout.columns).fill(0);
  const starts = counts.map((count) => {
    const column = bottoms.indexOf(Math.min(...bottoms));
    const y = bottoms[column] ?? 0;
    const rows = Math.ceil(count / layout.across);
    bottoms[column] = y + (HEADER_REM + GROUP_GAP_REM) * rem + rows * layout.cellHeight;
    return { column, y };
  });
  return { starts, height: Math.max(0, ...bottoms) };
}

function build(groups: readonly Group[], layout: Layout, rem: number): Mosaic {
  const { across, cellWidth, cellHeight, named, room } = layout;
  const { starts, height } = bottomsOf(
    groups.map((group) => group.tiles.length),
    layout,
    rem,
  );
  const placed = groups.map((group, n) => {
    const { column, y } = starts[n] ?? { column: 0, y: 0 };
    const x = column * (room + GROUP_GAP_REM * rem);
    const tiles = group.tiles.map((tile, at) => ({
      tile,
      x: x + (at % across) * cellWidth,
      y: y + HEADER_REM * rem + Math.floor(at / across) * cellHeight,
    }));
    return { group, x, y, width: room, tiles };
  });
  return { cellWidth, cellHeight, named, height, groups: placed };
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
