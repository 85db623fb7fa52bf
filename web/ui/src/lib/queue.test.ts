import { describe, expect, it } from "vitest";
import { inGroup, named, nextAfter, waitingFor } from "./queue";
import type { RosterEntry } from "./wire";

function entry(code: string, changes: Partial<RosterEntry> = {}): RosterEntry {
  return {
    participant: { id: `point:${code}`, name: `Phường ${code}`, role: "operator" },
    presence: "present",
    joined_at: null,
    has_floor: false,
    requested_at: null,
    subject: "",
    muted: false,
    has_content: false,
    content_requested_at: null,
    ...changes,
  };
}

const first = entry("Đa Kao", { requested_at: "2026-12-05T09:00:00+07:00" });
const second = entry("b", { requested_at: "2026-12-05T02:00:01Z" });

describe("the queue for the floor", () => {
  it("is in the order of asking, whatever zone the times are written in", () => {
    expect(waitingFor([entry("c"), second, first])).toEqual([first, second]);
  });

  it("goes round from the last to the first", () => {
    const queue = [first, second];
    expect(nextAfter(queue, null)).toBe("point:Đa Kao");
    expect(nextAfter(queue, "point:Đa Kao")).toBe("point:b");
    expect(nextAfter(queue, "point:b")).toBe("point:Đa Kao");
    expect(nextAfter(queue, "point:gone")).toBe("point:Đa Kao");
    expect(nextAfter([], null)).toBeNull();
  });
});

describe("the roster's groups", () => {
  it("call a lost or badly connected hall ill, an unknown one not", () => {
    expect(inGroup(entry("a", { presence: "lost" }), "ill", "unknown")).toBe(true);
    expect(inGroup(entry("a"), "ill", "fair")).toBe(true);
    expect(inGroup(entry("a"), "ill", "unknown")).toBe(false);
  });

  it("find a hall by its name without marks", () => {
    expect(named(first, "da kao")).toBe(true);
    expect(named(second, "da kao")).toBe(false);
  });
});
