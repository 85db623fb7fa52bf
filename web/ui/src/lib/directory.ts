/** The rows of the directory's tree: units, and the points of those that are open. No I/O, no reactivity. */
import { fold } from "./format";
import type { BridgePoint } from "./model";
import type { UnitNode } from "./units";

export type DirectoryRow =
  | { kind: "unit"; key: string; depth: number; node: UnitNode }
  | { kind: "point"; key: string; depth: number; point: BridgePoint }
  | { kind: "reading"; key: string; depth: number };

/** Whether a unit has something to open. A unit with one point and no unit under it stands for its point. */
export function canOpen({ children, own }: UnitNode): boolean {
  return children.length > 0 || own > 1;
}

/** The rows while nothing is searched: `points` holds the own points of the units that have been opened. */
export function openRows(
  roots: readonly UnitNode[],
  open: ReadonlySet<string>,
  points: ReadonlyMap<string, readonly BridgePoint[]>,
): DirectoryRow[] {
  const rows: DirectoryRow[] = [];
  const walk = (node: UnitNode): void => {
    rows.push(unitRow(node));
    if (!open.has(node.key) || !canOpen(node)) return;
    const own = points.get(node.key);
    if (own) rows.push(...own.map((point) => pointRow(point, node.depth + 1)));
    else if (node.own > 0) rows.push({ kind: "reading", key: `reading:${node.key}`, depth: node.depth + 1 });
    node.children.forEach(walk);
  };
  roots.forEach(walk);
  return rows;
}

/** The units that a text is in, and those of the `found` points, with all that stands above them. */
export function foundRows(
  roots: readonly UnitNode[],
  search: string,
  found: readonly BridgePoint[],
): DirectoryRow[] {
  const wanted = fold(search.trim());
  const of = new Map<string, BridgePoint[]>();
  for (const point of found) of.set(point.unit, [...(of.get(point.unit) ?? []), point]);
  const rows: DirectoryRow[] = [];
  const walk = (node: UnitNode): boolean => {
    const at = rows.length;
    rows.push(unitRow(node));
    const own = of.get(node.key) ?? [];
    if (canOpen(node)) rows.push(...own.map((point) => pointRow(point, node.depth + 1)));
    const below = node.children.filter(walk).length > 0;
    if (below || own.length > 0 || node.folded.includes(wanted)) return true;
    rows.length = at;
    return false;
  };
  roots.forEach(walk);
  return rows;
}

function unitRow(node: UnitNode): DirectoryRow {
  return { kind: "unit", key: `unit:${node.key}`, depth: node.depth, node };
}

function pointRow(point: BridgePoint, depth: number): DirectoryRow {
  return { kind: "point", key: `point:${point.code}`, depth, point };
}
