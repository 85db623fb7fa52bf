import { describe, expect, it } from "vitest";
import type { BridgePoint, Unit } from "./model";
import { visibleRows } from "./tree";
import { pathOf, pointsUnder, unitTree } from "./units";

const unit = (code: string, parent: string | null, points: number, name = code): Unit => ({
  code,
  name,
  parent,
  kind: "commune",
  points,
});
const units = [
  unit("79", null, 4, "Thành phố Hồ Chí Minh"),
  unit("a", "79", 1, "Phường Bến Thành"),
  unit("b", "79", 2, "Xã Củ Chi"),
  unit("x", "gone", 0),
];

describe("the tree of units", () => {
  it("counts a unit's own points and shows orphans as roots", () => {
    const roots = unitTree(units);
    expect(roots.map(({ key, own, depth }) => [key, own, depth])).toEqual([
      ["79", 1, 0],
      ["x", 0, 0],
    ]);
    expect(roots[0]?.children.map(({ key, own, depth }) => [key, own, depth])).toEqual([
      ["a", 1, 1],
      ["b", 2, 1],
    ]);
  });

  it("is searched without marks", () => {
    expect(visibleRows(unitTree(units), new Set(), "cu chi").map(({ key }) => key)).toEqual(["79", "b"]);
  });

  it("tells what stands above a unit, also when the directory is a circle", () => {
    const known = new Map(units.map((one) => [one.code, one]));
    expect(pathOf(known, "b").map(({ code }) => code)).toEqual(["79", "b"]);
    expect(pathOf(known, "nowhere")).toEqual([]);
    const circle = [unit("c", "d", 0), unit("d", "c", 0)];
    expect(pathOf(new Map(circle.map((one) => [one.code, one])), "c")).toHaveLength(2);
  });

  it("knows the points in a unit's subtree", () => {
    const points = ["79", "a", "x"].map((of) => ({ code: `d${of}`, unit: of }) as BridgePoint);
    expect([...pointsUnder(units, points, "79")]).toEqual(["d79", "da"]);
    expect(pointsUnder(units, points, "").size).toBe(3);
  });
});
