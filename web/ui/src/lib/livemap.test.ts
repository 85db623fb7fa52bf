import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LiveMap } from "./livemap.svelte";

const A_MOMENT = 1000;

describe("a map of many small changes", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("shows what was set together, not each for itself", () => {
    const map = new LiveMap<number>();
    map.set("a", 1);
    map.set("b", 2);
    expect(map.current.size).toBe(0);
    vi.advanceTimersByTime(A_MOMENT);
    expect([...map.current]).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
  });

  it("shows the old until all of the new is there, and then nothing of the old", () => {
    const map = new LiveMap<number>();
    map.set("old", 1);
    vi.advanceTimersByTime(A_MOMENT);
    map.startOver();
    map.set("a", 1);
    vi.advanceTimersByTime(A_MOMENT);
    map.set("b", 2);
    vi.advanceTimersByTime(A_MOMENT);
    expect([...map.current.keys()]).toEqual(["old"]);
    map.finish();
    vi.advanceTimersByTime(A_MOMENT);
    expect([...map.current.keys()]).toEqual(["a", "b"]);
  });

  it("forgets a new beginning that another one follows", () => {
    const map = new LiveMap<number>();
    map.startOver();
    map.set("a", 1);
    map.startOver();
    map.set("b", 2);
    map.finish();
    vi.advanceTimersByTime(A_MOMENT);
    expect([...map.current.keys()]).toEqual(["b"]);
  });
});
