import { describe, expect, it } from "vitest";
import { extentOf, rowsToRead } from "./chartfigures";

describe("a chart in words", () => {
  it("names the lowest, the highest and the newest of what was measured", () => {
    expect(extentOf([null, 5, 2, 9, null])).toEqual({ low: 2, high: 9, last: 9 });
    expect(extentOf([0])).toEqual({ low: 0, high: 0, last: 0 });
    expect(extentOf([])).toBeNull();
    expect(extentOf([null, undefined])).toBeNull();
  });

  it("takes more figures than an argument list holds", () => {
    const figures = Array.from({ length: 300_000 }, (_, n) => n);
    expect(extentOf(figures)).toEqual({ low: 0, high: 299_999, last: 299_999 });
  });

  it("shows the newest row first and no more than there is room for", () => {
    expect(rowsToRead(3, 60)).toEqual([2, 1, 0]);
    expect(rowsToRead(0, 60)).toEqual([]);
    const many = rowsToRead(7_200, 60);
    expect([many.length, many[0], many[59]]).toEqual([60, 7_199, 119]);
    expect(rowsToRead(61, 60)).toHaveLength(31);
  });
});
