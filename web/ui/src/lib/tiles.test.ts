import { describe, expect, it } from "vitest";
import { isTile, onPage, pageCount, tilesFor, tileSlot, turned } from "./tiles";

const halls = Array.from({ length: 168 }, (_, n) => n);

describe("a wall of pictures", () => {
  it("has 25 on a wide window and fewer on a narrow one", () => {
    expect([360, 800, 1366, 3840].map(tilesFor)).toEqual([4, 9, 25, 25]);
  });

  it("shows every hall on exactly one page", () => {
    const pages = pageCount(halls.length, 25);
    expect(pages).toBe(7);
    const shown = Array.from({ length: pages }, (_, page) => onPage(halls, page, 25)).flat();
    expect(shown).toEqual(halls);
  });

  it("goes round, and stays on the last page when halls leave", () => {
    expect([turned(6, 1, 7), turned(0, -1, 7), turned(0, 1, 1)]).toEqual([0, 6, 0]);
    expect(onPage(halls.slice(0, 30), 6, 25)).toEqual(halls.slice(25, 30));
    expect(onPage([], 3, 25)).toEqual([]);
    expect(pageCount(0, 25)).toBe(1);
  });

  it("names its slots from 1", () => {
    expect([tileSlot(0), tileSlot(24)]).toEqual(["tile1", "tile25"]);
    expect(isTile("tile7")).toBe(true);
    expect(isTile("stage")).toBe(false);
  });
});
