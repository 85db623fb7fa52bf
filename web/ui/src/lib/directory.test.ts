import { describe, expect, it } from "vitest";
import { canOpen, foundRows, openRows, type DirectoryRow } from "./directory";
import type { BridgePoint, Unit } from "./model";
import { unitTree } from "./units";

const unit = (code: string, parent: string | null, points: number, name = code): Unit => ({
  code,
  name,
  parent,
  kind: "commune",
  points,
});
const point = (code: string, of: string): BridgePoint => ({ code, name: code, unit: of }) as BridgePoint;
const roots = unitTree([
  unit("p", null, 4, "Tỉnh"),
  unit("a", "p", 1, "Phường Bến Thành"),
  unit("b", "p", 2, "Xã Củ Chi"),
]);
const keys = (rows: DirectoryRow[]): string[] => rows.map(({ key }) => key);

describe("the directory's tree", () => {
  it("opens what has something inside, and lets a unit stand for its only point", () => {
    expect(roots.map(canOpen)).toEqual([true]);
    expect(roots[0]?.children.map(canOpen)).toEqual([false, true]);
  });

  it("shows an open unit's own points when they have been read, before the units under it", () => {
    expect(keys(openRows(roots, new Set(), new Map()))).toEqual(["unit:p"]);
    expect(keys(openRows(roots, new Set(["p"]), new Map()))).toEqual([
      "unit:p",
      "reading:p",
      "unit:a",
      "unit:b",
    ]);
    const read = new Map([
      ["p", [point("p1", "p")]],
      ["b", [point("b1", "b"), point("b2", "b")]],
    ]);
    expect(keys(openRows(roots, new Set(["p", "b"]), read))).toEqual([
      "unit:p",
      "point:p1",
      "unit:a",
      "unit:b",
      "point:b1",
      "point:b2",
    ]);
  });

  it("finds units by their names and points by the server's answer, under what stands above them", () => {
    expect(keys(foundRows(roots, "ben thanh", []))).toEqual(["unit:p", "unit:a"]);
    expect(keys(foundRows(roots, "b2", [point("b2", "b")]))).toEqual(["unit:p", "unit:b", "point:b2"]);
    expect(keys(foundRows(roots, "a1", [point("a1", "a")]))).toEqual(["unit:p", "unit:a"]);
    expect(foundRows(roots, "nowhere", [])).toEqual([]);
  });
});
