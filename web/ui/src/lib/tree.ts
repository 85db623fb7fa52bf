/** The administrative tree with its points, and a selection of points in it. No I/O, no reactivity. */
import { fold } from "./format";
import type { BridgePoint, Unit } from "./model";

export interface Node {
  /** "unit:CODE" or "point:CODE". */
  key: string;
  code: string;
  name: string;
  kind: "unit" | "point";
  depth: number;
  /** Codes of every point in the subtree. */
  points: string[];
  children: Node[];
  folded: string;
}

/** The roots of the tree; units without any point are left out, a unit with a single point stands for it. */
export function buildTree(units: readonly Unit[], points: readonly BridgePoint[]): Node[] {
  const unitsOf = groupBy(units, (unit) => unit.parent ?? "");
  const pointsOf = groupBy(points, (point) => point.unit);
  const known = new Set(units.map((unit) => unit.code));
  const roots = units.filter((unit) => unit.parent === null || !known.has(unit.parent));
  return roots.map((unit) => unitNode(unit, 0, unitsOf, pointsOf)).filter((node) => node.points.length > 0);
}

function unitNode(
  unit: Unit,
  depth: number,
  unitsOf: ReadonlyMap<string, Unit[]>,
  pointsOf: ReadonlyMap<string, BridgePoint[]>,
): Node {
  const below = (unitsOf.get(unit.code) ?? [])
    .map((child) => unitNode(child, depth + 1, unitsOf, pointsOf))
    .filter((node) => node.points.length > 0);
  const own = (pointsOf.get(unit.code) ?? []).map((point) => pointNode(point, depth + 1));
  if (below.length === 0 && own.length === 1 && own[0] && depth > 0) return { ...own[0], depth };
  const children = [...own, ...below];
  return {
    key: `unit:${unit.code}`,
    code: unit.code,
    name: unit.name,
    kind: "unit",
    depth,
    points: children.flatMap((child) => child.points),
    children,
    folded: fold(`${unit.name} ${unit.code}`),
  };
}

function pointNode(point: BridgePoint, depth: number): Node {
  return {
    key: `point:${point.code}`,
    code: point.code,
    name: point.name,
    kind: "point",
    depth,
    points: [point.code],
    children: [],
    folded: fold(`${point.name} ${point.code}`),
  };
}

/** What every tree's rows have. */
export interface Branch<T> {
  key: string;
  folded: string;
  children: T[];
}

/** The rows to show: open units' children, or, while searching, what matches with all that stands above it. */
export function visibleRows<T extends Branch<T>>(
  roots: readonly T[],
  open: ReadonlySet<string>,
  search: string,
): T[] {
  const wanted = fold(search.trim());
  const rows: T[] = [];
  const walk = (node: T): boolean => {
    const at = rows.length;
    rows.push(node);
    if (wanted === "") {
      if (open.has(node.key)) node.children.forEach(walk);
      return true;
    }
    const below = node.children.filter(walk).length > 0;
    if (below || node.folded.includes(wanted)) return true;
    rows.length = at;
    return false;
  };
  roots.forEach(walk);
  return rows;
}

export function selectedIn(node: Node, selected: ReadonlySet<string>): number {
  return node.points.reduce((count, code) => count + (selected.has(code) ? 1 : 0), 0);
}

/** The selection after a node's box was pressed: all of its points, or none when all were selected. */
export function toggled(node: Node, selected: ReadonlySet<string>): Set<string> {
  const result = new Set(selected);
  const all = selectedIn(node, selected) === node.points.length;
  for (const code of node.points) {
    if (all) result.delete(code);
    else result.add(code);
  }
  return result;
}

/** The selection in the fewest names: whole units where every point of theirs is selected, single points elsewhere. */
export function reduced(
  roots: readonly Node[],
  selected: ReadonlySet<string>,
): { units: string[]; points: string[] } {
  const result: { units: string[]; points: string[] } = { units: [], points: [] };
  const walk = (node: Node): void => {
    const count = selectedIn(node, selected);
    if (count === 0) return;
    if (count < node.points.length) node.children.forEach(walk);
    else if (node.kind === "unit") result.units.push(node.code);
    else result.points.push(node.code);
  };
  roots.forEach(walk);
  return result;
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
