/** The browser's own figures of a media connection, as the page shows and reports them. */
import { amount, entriesOf, selectedPair } from "./figures";
import type { MediaLink } from "./media";
import type { Grade } from "./model";
import type { SlotName } from "./wire";

export interface SlotStats {
  framesDecoded: number;
  freezes: number;
  width: number;
  height: number;
  fps: number;
  packetsLost: number;
}

export interface LineStats {
  atMs: number;
  kbpsUp: number;
  kbpsDown: number;
  rttMs: number | null;
  /** Lost of all packets expected since the last reading, 0..1; null when none were expected. */
  loss: number | null;
  slots: Partial<Record<SlotName, SlotStats>>;
  totals: { bytesUp: number; bytesDown: number; received: number; lost: number };
}

/** Reads the connection's figures; rates are taken against `before`, the reading before this one. */
export function readStats(
  report: RTCStatsReport,
  media: MediaLink,
  slots: readonly SlotName[],
  before: LineStats | null,
): LineStats {
  const slotOf = new Map(slots.map((slot) => [media.mid(slot), slot]));
  const totals = { bytesUp: 0, bytesDown: 0, received: 0, lost: 0 };
  const found: Partial<Record<SlotName, SlotStats>> = {};
  let rttMs: number | null = null;
  const entries = entriesOf(report);
  for (const entry of entries) {
    if (entry.type === "inbound-rtp") {
      totals.received += amount(entry["packetsReceived"]);
      totals.lost += Math.max(0, amount(entry["packetsLost"]));
      const slot = slotOf.get(String(entry["mid"]));
      if (slot && entry["kind"] === "video") found[slot] = slotStats(entry);
    }
  }
  const pair = selectedPair(entries);
  if (typeof pair?.["currentRoundTripTime"] === "number") rttMs = pair["currentRoundTripTime"] * 1000;
  totals.bytesUp = amount(pair?.["bytesSent"]);
  totals.bytesDown = amount(pair?.["bytesReceived"]);
  return { ...rates(totals, before), atMs: performance.now(), rttMs, slots: found, totals };
}

function rates(
  totals: LineStats["totals"],
  before: LineStats | null,
): Pick<LineStats, "kbpsUp" | "kbpsDown" | "loss"> {
  if (!before || totals.bytesDown < before.totals.bytesDown) return { kbpsUp: 0, kbpsDown: 0, loss: null };
  const elapsedMs = Math.max(1, performance.now() - before.atMs);
  const lost = Math.max(0, totals.lost - before.totals.lost);
  const expected = lost + Math.max(0, totals.received - before.totals.received);
  return {
    kbpsUp: ((totals.bytesUp - before.totals.bytesUp) * 8) / elapsedMs,
    kbpsDown: ((totals.bytesDown - before.totals.bytesDown) * 8) / elapsedMs,
    loss: expected > 0 ? lost / expected : null,
  };
}

function slotStats(entry: Record<string, unknown>): SlotStats {
  return {
    framesDecoded: amount(entry["framesDecoded"]),
    freezes: amount(entry["freezeCount"]),
    width: amount(entry["frameWidth"]),
    height: amount(entry["frameHeight"]),
    fps: amount(entry["framesPerSecond"]),
    packetsLost: amount(entry["packetsLost"]),
  };
}

/** This hall's own line in one word; the technician's grade, with its memory, is the server's. */
export function gradeLine(stats: LineStats | null): Grade {
  if (!stats || (stats.rttMs === null && stats.loss === null)) return "unknown";
  const loss = stats.loss ?? 0;
  const rtt = stats.rttMs ?? 0;
  if (loss >= 0.03 || rtt >= 500) return "poor";
  return loss >= 0.01 || rtt >= 300 ? "fair" : "good";
}
