import { describe, expect, it } from "vitest";
import { groupOfPoints, groupTiles, placeMosaic, step, tileAt } from "./mosaic";
import type { ConferenceMap, Grade } from "./model";
import { hallsOf, rankOf, type Hall, type Tile } from "./wall";
import type { Presence } from "./wire";

const tile = (code: string, grade: Grade = "good", presence: Presence = "present"): Tile => ({
  ...(hallsOf([{ code, name: code }])[0] as Hall),
  place: Number(code),
  presence,
  link: null,
  ageMs: 0,
  grade,
  rank: rankOf(presence, grade),
});
const unit = (code: string, parent: string | null, kind = "commune") => ({ code, name: code, kind, parent });
const point = (code: string, of: string) => ({ code, name: code, unit: of });

const COUNTRY: ConferenceMap = {
  units: [
    unit("vn", null, "centre"),
    unit("p1", "vn", "province"),
    unit("p2", "vn", "province"),
    unit("a", "p1"),
    unit("b", "p1"),
    unit("c", "p2"),
    unit("d", "p2"),
  ],
  points: [
    point("0", "vn"),
    point("1", "a"),
    point("2", "b"),
    point("3", "p2"),
    point("4", "c"),
    point("5", "d"),
    point("6", "d"),
  ],
};

function nation(provinces: number, each: number) {
  const tiles = Array.from({ length: provinces * each }, (_, n) => tile(`${n}`));
  const groupOf = new Map(tiles.map((t, n) => [t.participant, `p${Math.floor(n / each)}`]));
  return groupTiles(tiles, groupOf, new Map());
}

describe("groups of the wall", () => {
  it("puts a commune's only hall under its province and several under the commune", () => {
    const groups = groupOfPoints(COUNTRY);
    expect([..."0123456"].map((code) => groups.get(`point:${code}`))).toEqual([
      "vn",
      "p1",
      "p1",
      "p2",
      "p2",
      "d",
      "d",
    ]);
  });

  it("begins with the illest group and, in it, with the worst line", () => {
    const tiles = [tile("1"), tile("2", "fair"), tile("3"), tile("4", "poor"), tile("5", "good", "lost")];
    const groupOf = new Map(["1", "2", "3", "4", "5"].map((c) => [`point:${c}`, c < "3" ? "x" : "y"]));
    const groups = groupTiles(tiles, groupOf, new Map([["x", "Tỉnh X"]]));
    expect(groups.map((g) => g.key)).toEqual(["y", "x"]);
    expect(groups[0]?.tiles.map((t) => t.name)).toEqual(["5", "4", "3"]);
    expect(groups[1]?.title).toBe("Tỉnh X");
  });
});

describe("the picture of the wall", () => {
  it("names the halls where they fit", () => {
    const mosaic = placeMosaic(nation(1, 60), 1300, 600, 16);
    expect(mosaic.named).toBe(true);
    expect(mosaic.height).toBeLessThanOrEqual(600);
  });

  it("writes larger and wider on a wall that has space to spare", () => {
    const desk = placeMosaic(nation(1, 168), 1900, 700, 16);
    const wall = placeMosaic(nation(1, 168), 3800, 1800, 24);
    expect([desk.named, wall.named]).toEqual([true, true]);
    expect(wall.height).toBeLessThanOrEqual(1800);
    expect(wall.height).toBeGreaterThan(1200);
    expect(wall.cellHeight).toBeGreaterThan(2 * 24);
  });

  it("shows the whole country at once on a laptop and larger on a wall", () => {
    const groups = nation(34, 98);
    const laptop = placeMosaic(groups, 1330, 620, 16);
    const wall = placeMosaic(groups, 3700, 1800, 24);
    expect(laptop.height).toBeLessThanOrEqual(620);
    expect(wall.height).toBeLessThanOrEqual(1800);
    expect(wall.cellWidth).toBeGreaterThan(2 * laptop.cellWidth);
  });

  it("grows longer than a phone rather than smaller than can be seen", () => {
    const mosaic = placeMosaic(nation(34, 98), 330, 500, 16);
    expect(mosaic.cellWidth).toBeGreaterThanOrEqual(9);
    expect(mosaic.height).toBeGreaterThan(500);
  });

  it("never puts two tiles in one place, and finds each where it is", () => {
    const mosaic = placeMosaic(nation(7, 13), 700, 300, 16);
    const places = new Set<string>();
    for (const { tiles } of mosaic.groups) {
      for (const placed of tiles) {
        places.add(`${placed.x},${placed.y}`);
        expect(tileAt(mosaic, placed.x + 1, placed.y + 1)).toBe(placed.tile);
      }
    }
    expect(places.size).toBe(7 * 13);
    expect(tileAt(mosaic, -1, -1)).toBeNull();
  });

  it("is walked by keys", () => {
    const mosaic = placeMosaic(nation(2, 30), 400, 300, 16);
    const first = mosaic.groups[0]?.tiles[0]?.tile ?? null;
    const second = mosaic.groups[0]?.tiles[1]?.tile ?? null;
    expect(step(mosaic, null, "right")).toBe(first);
    expect(step(mosaic, first?.participant ?? "", "right")).toBe(second);
    expect(step(mosaic, second?.participant ?? "", "left")).toBe(first);
    const below = step(mosaic, first?.participant ?? "", "down");
    expect(below).not.toBeNull();
    expect(step(mosaic, below?.participant ?? "", "up")).toBe(first);
    expect(step(mosaic, first?.participant ?? "", "up")).toBeNull();
  });
});
