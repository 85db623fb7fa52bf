import { describe, expect, it } from "vitest";
import type { HeadcountRow, HeadcountSum, HeadcountUnit } from "./model";
import { linesOf, share } from "./peopletree";

const sum: HeadcountSum = {
  points: 2,
  answered: 1,
  present: 1,
  expected: 60,
  declared: 30,
  listed: 60,
  verified: 20,
  absent: 3,
};
const unit = (code: string, name: string, parent: string | null): HeadcountUnit => ({
  code,
  name,
  parent,
  sum,
});
const row = (point: string, name: string, of: string): HeadcountRow => ({
  point,
  name,
  unit: of,
  expected: 30,
  declared: null,
  listed: 30,
  verified: 10,
  absent: 1,
  at: null,
  by: null,
  present: true,
});
const units = [unit("p", "Tỉnh", null), unit("a", "Xã Đông", "p"), unit("b", "Xã Tây", "p")];
const rows = [
  row("d1", "Hội trường Đông", "a"),
  row("d2", "Hội trường Tây", "b"),
  row("d3", "Nhà văn hóa", "b"),
];

describe("the tree of people", () => {
  it("shows only the roots while nothing is open", () => {
    expect(linesOf(units, rows, new Set(), "").map((line) => line.key)).toEqual(["unit:p"]);
  });
  it("shows a unit with a single hall as that hall, and others as units", () => {
    const lines = linesOf(units, rows, new Set(["unit:p", "unit:b"]), "");
    expect(lines.map((line) => [line.depth, line.key])).toEqual([
      [0, "unit:p"],
      [1, "point:d1"],
      [1, "unit:b"],
      [2, "point:d2"],
      [2, "point:d3"],
    ]);
  });
  it("finds by name without accents, with what stands above", () => {
    expect(linesOf(units, rows, new Set(), "nha van hoa").map((line) => line.key)).toEqual([
      "unit:p",
      "unit:b",
      "point:d3",
    ]);
  });
  it("keeps apart a hall that said nothing and one that said nobody", () => {
    const said = [{ ...row("d1", "Đông", "a"), declared: 0 }, row("d2", "Tây", "a")];
    const lines = linesOf([unit("a", "Xã", null)], said, new Set(["unit:a"]), "");
    expect(lines.map((line) => line.figures.declared)).toEqual([30, 0, null]);
  });
  it("never draws a bar beyond its end", () => {
    expect([share(3, 2), share(1, 2), share(1, 0)]).toEqual([1, 0.5, 0]);
  });
});
