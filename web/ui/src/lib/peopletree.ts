/** The unit tree with the halls' people, as lines of a list. No I/O, no reactivity. */
import { fold } from "./format";
import type { HeadcountRow, HeadcountSum, HeadcountUnit } from "./model";

/** The figures that a line shows; `declared` is null where no hall has said anything. */
export interface Figures extends Omit<HeadcountSum, "declared"> {
  declared: number | null;
}

export interface Line {
  key: string;
  code: string;
  name: string;
  kind: "unit" | "point";
  depth: number;
  figures: Figures;
  /** Whether there are lines below it. */
  folds: boolean;
}

/** The lines to show: what is under open units, or, while searching, what matches with all that stands above it. */
export function linesOf(
  units: Iterable<HeadcountUnit>,
  rows: Iterable<HeadcountRow>,
  open: ReadonlySet<string>,
  search: string,
): Line[] {
  const below = children([...units], [...rows]);
  const wanted = fold(search.trim());
  const lines: Line[] = [];
  const walk = (line: Line, depth: number): boolean => {
    const at = lines.length;
    const under = below.get(line.key) ?? [];
    lines.push({ ...line, depth, folds: under.length > 0 });
    if (wanted === "") {
      if (open.has(line.key)) under.forEach((child) => walk(child, depth + 1));
      return true;
    }
    const found = under.filter((child) => walk(child, depth + 1)).length > 0;
    if (found || fold(`${line.name} ${line.code}`).includes(wanted)) return true;
    lines.length = at;
    return false;
  };
  (below.get("") ?? []).forEach((root) => walk(root, 0));
  return lines;
}

/** Every unit's children by its key, the roots by the empty one; halls before units. */
function children(units: HeadcountUnit[], rows: HeadcountRow[]): Map<string, Line[]> {
  const known = new Set(units.map((unit) => unit.code));
  const below = new Map<string, Line[]>();
  const add = (parent: string, line: Line): void => {
    const list = below.get(parent);
    if (list) list.push(line);
    else below.set(parent, [line]);
  };
  for (const row of rows) add(known.has(row.unit) ? `unit:${row.unit}` : "", hall(row));
  for (const unit of units) {
    const top = unit.parent === null || !known.has(unit.parent);
    const declared = unit.sum.answered === 0 ? null : unit.sum.declared;
    add(top ? "" : `unit:${unit.parent}`, line("unit", unit.code, unit.name, { ...unit.sum, declared }));
  }
  return collapsed(below);
}

/** A unit whose only line is its one hall is shown as that hall. */
function collapsed(below: Map<string, Line[]>): Map<string, Line[]> {
  const single = (entry: Line): Line => {
    const [only, ...more] = below.get(entry.key) ?? [];
    return entry.kind === "unit" && only && more.length === 0 && only.kind === "point" ? only : entry;
  };
  return new Map([...below].map(([key, lines]) => [key, lines.map(single)]));
}

function hall(row: HeadcountRow): Line {
  const { expected, declared, listed, verified, absent } = row;
  const counts = { points: 1, answered: declared === null ? 0 : 1, present: row.present ? 1 : 0 };
  return line("point", row.point, row.name, { expected, declared, listed, verified, absent, ...counts });
}

function line(kind: Line["kind"], code: string, name: string, figures: Figures): Line {
  return { key: `${kind}:${code}`, code, name, kind, depth: 0, figures, folds: false };
}

/** A share for a bar, 0 to 1. */
export function share(part: number, whole: number): number {
  return whole > 0 ? Math.min(1, part / whole) : 0;
}
