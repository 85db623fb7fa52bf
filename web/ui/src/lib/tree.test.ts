import { describe, expect, it } from "vitest";
import type { BridgePoint, Unit } from "./model";
import { buildTree, reduced, selectedIn, toggled, visibleRows } from "./tree";

const unit = (code: string, parent: string | null, name = code): Unit => ({
  code,
  name,
  parent,
  kind: parent === null ? "province" : "commune",
  points: 1,
});
const point = (code: string, of: string, name = code): BridgePoint => ({
  code,
  name,
  unit: of,
  seats: 10,
  contact: "",
  number: 0,
});

const units = [
  unit("P", null, "Thành phố"),
  unit("A", "P", "Bến Thành"),
  unit("B", "P", "Củ Chi"),
  unit("C", "P"),
];
const points = [point("a1", "A", "Hội trường Bến Thành"), point("b1", "B"), point("b2", "B")];
const roots = buildTree(units, points);
const root = roots[0];
if (!root) throw new Error("the tree has a root");

describe("the tree of units", () => {
  it("lets a unit's only point stand for it and leaves out units without points", () => {
    expect(root.children.map((child) => child.key)).toEqual(["point:a1", "unit:B"]);
    expect(root.points).toEqual(["a1", "b1", "b2"]);
  });

  it("shows a unit whose parent is not in the directory as a root", () => {
    expect(buildTree([unit("X", "gone")], [point("x1", "X"), point("x2", "X")])[0]?.key).toBe("unit:X");
  });

  it("finds names without marks, with all that stands above them", () => {
    expect(visibleRows(roots, new Set(), "ben thanh").map((row) => row.key)).toEqual(["unit:P", "point:a1"]);
    expect(visibleRows(roots, new Set(), "nowhere")).toEqual([]);
  });

  it("shows only what is open when nothing is searched", () => {
    expect(visibleRows(roots, new Set(["unit:P"]), "").map((row) => row.key)).toEqual([
      "unit:P",
      "point:a1",
      "unit:B",
    ]);
  });
});

describe("a selection", () => {
  it("takes all of a unit at the first press and none at the next", () => {
    const all = toggled(root, new Set(["b1"]));
    expect(selectedIn(root, all)).toBe(3);
    expect(toggled(root, all).size).toBe(0);
  });

  it("is named by whole units where it can be, by points elsewhere", () => {
    expect(reduced(roots, new Set(["a1", "b1", "b2"]))).toEqual({ units: ["P"], points: [] });
    expect(reduced(roots, new Set(["b1", "b2"]))).toEqual({ units: ["B"], points: [] });
    expect(reduced(roots, new Set(["a1", "b1"]))).toEqual({ units: [], points: ["a1", "b1"] });
  });
});
