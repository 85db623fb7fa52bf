/** Who waits for the floor, and the roster's groups. No I/O, no reactivity. */
import { fold } from "./format";
import type { Grade } from "./model";
import type { Command, RosterEntry } from "./wire";

export type RosterFilter = "all" | "absent" | "present" | "requested" | "ill" | "open" | "muted";

/** Requests in the order in which they came. */
export function waitingFor(roster: Iterable<RosterEntry>): RosterEntry[] {
  return [...roster]
    .filter((entry) => entry.requested_at !== null)
    .sort((a, b) => Date.parse(a.requested_at ?? "") - Date.parse(b.requested_at ?? ""));
}

/** The waiting one after `selected`, the first when none or the last is selected; null when nobody waits. */
export function nextAfter(queue: readonly RosterEntry[], selected: string | null): string | null {
  const at = queue.findIndex((entry) => entry.participant.id === selected);
  return (queue[at + 1] ?? queue[0])?.participant.id ?? null;
}

export function inGroup(entry: RosterEntry, filter: RosterFilter, grade: Grade): boolean {
  switch (filter) {
    case "all":
      return true;
    case "absent":
      return entry.presence === "absent";
    case "present":
      return entry.presence === "present";
    case "requested":
      return entry.requested_at !== null;
    case "ill":
      return entry.presence === "lost" || grade === "poor" || grade === "fair";
    case "open":
      return isHeard(entry);
    case "muted":
      return entry.muted;
  }
}

export function named(entry: RosterEntry, search: string): boolean {
  if (search.trim() === "") return true;
  return fold(`${entry.participant.name} ${entry.participant.id}`).includes(fold(search.trim()));
}

/** Whether its microphone is open: by the floor or by the chair. */
export function isHeard(entry: RosterEntry): boolean {
  return !entry.muted && (entry.has_floor || entry.microphone_open);
}

/** What the chair's switch for its microphone asks for now. */
export function switchMicrophone(entry: RosterEntry): Command {
  const participant = entry.participant.id;
  const open = !isHeard(entry);
  return entry.has_floor
    ? { type: "set_muted", participant, muted: !open }
    : { type: "set_microphone_open", participant, open };
}

/** Whether muting all has nobody left to mute: it spares whoever has the floor. */
export function allMuted(halls: readonly RosterEntry[]): boolean {
  const others = halls.filter((entry) => !entry.has_floor);
  return others.length > 0 && others.every((entry) => entry.muted);
}

/** Halls only: consoles are not called up. */
export function isHall(entry: RosterEntry): boolean {
  return entry.participant.role === "operator";
}
