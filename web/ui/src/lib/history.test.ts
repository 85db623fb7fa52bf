import { afterEach, describe, expect, it } from "vitest";
import { differences, whoDid } from "./history";
import type { HistoryEntry } from "./model";
import { preferences } from "./preferences.svelte";

const person = (username: string): string => (username === "lan" ? "Nguyễn Thị Lan" : username);

afterEach(() => {
  preferences.language = "vi";
});

function entry(changes: HistoryEntry["changes"], rest: Partial<HistoryEntry> = {}): HistoryEntry {
  const at = "2026-12-05T01:00:00Z";
  return { version: 2, at, by: "lan", action: "changed", note: "", changes, ...rest };
}

describe("a conference's history", () => {
  it("tells moments in Vietnam's time and states in words", () => {
    const changes = [
      { field: "stop", old: "2026-12-05T03:00:00Z", new: "2026-12-05T03:30:00Z" },
      { field: "state", old: "requested", new: "confirmed" },
    ];
    expect(differences(entry(changes), new Map(), person)).toEqual([
      "Kết thúc: 05/12/2026 10:00 → 05/12/2026 10:30",
      "Trạng thái: Chờ duyệt → Đã đặt",
    ]);
  });

  it("names points that came and went, the rest by number", () => {
    const codes = Array.from({ length: 10 }, (_, i) => `P${i}`);
    const changes = [{ field: "points", old: ["X"], new: codes }];
    preferences.language = "en";
    expect(differences(entry(changes), new Map([["P0", "Bến Thành"]]), person)).toEqual([
      "10 points added: Bến Thành, P1, P2, P3, P4, P5, P6, P7 and 2 more",
      "1 point removed: X",
    ]);
  });

  it("leaves out of a booking what the page tells anyway", () => {
    const changes = [
      { field: "setup_minutes", old: null, new: 0 },
      { field: "title", old: null, new: "Giao ban" },
    ];
    expect(differences(entry(changes, { action: "booked" }), new Map(), person)).toEqual(["Tên: Giao ban"]);
  });

  it("calls people by their names", () => {
    const changes = [{ field: "chair", old: "mai", new: "lan" }];
    expect(differences(entry(changes), new Map(), person)).toEqual(["Chủ tọa: mai → Nguyễn Thị Lan"]);
    expect(whoDid(entry(changes), person)).toContain("Nguyễn Thị Lan");
  });

  it("says when it was the clock and nobody", () => {
    expect(whoDid(entry([], { action: "opened", by: "clockwork" }), person)).toBe(
      "Mở phòng · tự động theo giờ",
    );
  });
});
