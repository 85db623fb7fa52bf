import { describe, expect, it } from "vitest";
import { allMuted, inGroup, named, nextAfter, switchMicrophone, waitingFor } from "./queue";
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
    microphone_open: false,
    has_content: false,
    content_requested_at: null,
    limit: "full",
    ...changes,
  };
}

const first = entry("Đa Kao", { requested_at: "2026-12-05T09:00:00+07:00" });
const second = entry("b", { requested_at: "2026-12-05T02:00:01Z" });

describe("the chair's switch for a microphone", () => {
  const participant = "point:a";

  it("opens a closed one, also when it was muted", () => {
    const open = { type: "set_microphone_open", participant, open: true };
    expect(switchMicrophone(entry("a"))).toEqual(open);
    expect(switchMicrophone(entry("a", { muted: true, microphone_open: true }))).toEqual(open);
  });

  it("closes an open one, and mutes the one that has the floor", () => {
    expect(switchMicrophone(entry("a", { microphone_open: true }))).toEqual({
      type: "set_microphone_open",
      participant,
      open: false,
    });
    const muted = { type: "set_muted", participant, muted: true };
    expect(switchMicrophone(entry("a", { has_floor: true }))).toEqual(muted);
    expect(switchMicrophone(entry("a", { has_floor: true, muted: true }))).toEqual({
      ...muted,
      muted: false,
    });
  });
});

describe("muting all", () => {
  it("is done when everybody but whoever has the floor is muted", () => {
    const speaker = entry("a", { has_floor: true });
    expect(allMuted([speaker, entry("b", { muted: true })])).toBe(true);
    expect(allMuted([speaker, entry("b", { muted: true }), entry("c")])).toBe(false);
    expect(allMuted([speaker])).toBe(false);
    expect(allMuted([])).toBe(false);
  });
});

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
