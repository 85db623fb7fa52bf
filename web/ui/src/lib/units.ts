/** The tree of units alone, without their points. No I/O, no reactivity. */
import { fold } from "./format";
import type { BridgePoint, Unit } from "./model";
import type { Branch } from "./tree";

export interface UnitNode extends Branch<UnitNode> {
  unit: Unit;
  depth: number;
  /** Points of the unit itself, not of units under it. */
  own: number;
}

/** The roots of the tree, every unit in it, in the order of their codes. A unit whose parent is unknown is a root. */
export function unitTree(units: readonly Unit[]): UnitNode[] {
  const known = new Set(units.map(({ code }) => code));
  const below = new Map<string, Unit[]>();
  for (const unit of units) {
    const parent = unit.parent !== null && known.has(unit.parent) ? unit.parent : "";
    below.set(parent, [...(below.get(parent) ?? []), unit]);
  }
  const made = (unit: Unit, depth: number): UnitNode => {
    const children = (below.get(unit.code) ?? []).map((child) => made(child, depth + 1));
    const theirs = children.reduce((sum, child) => sum + child.unit.points, 0);
    const folded = fold(`${unit.name} ${unit.code}`);
    return { key: unit.code, unit, depth, own: unit.points - theirs, children, folded };
  };
  return (below.get("") ?? []).map((unit) => made(unit, 0));
}

/** A unit with all that stands above it, the root first; empty for an unknown code. */
export function pathOf(units: ReadonlyMap<string, Unit>, code: string): Unit[] {
  const path: Unit[] = [];
  for (let unit = units.get(code); unit && !path.includes(unit); unit = units.get(unit.parent ?? ""))
    path.unshift(unit);
  return path;
}

/** Codes of the points in a unit's subtree; of every point for "". */
export function pointsUnder(
  units: readonly Unit[],
  points: readonly BridgePoint[],
  unit: string,
): Set<string> {
  const known = new Map(units.map((one) => [one.code, one]));
  const inside = ({ unit: of }: BridgePoint): boolean =>
    unit === "" || pathOf(known, of).some(({ code }) => code === unit);
  return new Set(points.filter(inside).map(({ code }) => code));
}
