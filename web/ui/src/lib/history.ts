/** A conference's history as sentences in the language of the page. */
import { dateTime } from "./format";
import { t as common } from "./i18n/common";
import { t } from "./i18n/life";
import { profileName } from "./i18n/profiles";
import type { HistoryEntry, ProfileName } from "./model";
import type { ConferenceState } from "./wire";

type Change = HistoryEntry["changes"][number];

const BY_CLOCK = "clockwork";
const NAMED = 8;
const MOMENTS = ["can_join_after", "start", "stop", "must_join_before"] as const;
const MINUTES = ["setup_minutes", "teardown_minutes"] as const;
/** Of a new conference only this is told; the rest stands on the page above. */
const TOLD_AT_FIRST = new Set(["title", "start", "stop", "chair", "points"]);

export function whoDid(entry: HistoryEntry, person: (username: string) => string): string {
  const name = entry.by === BY_CLOCK ? t("history.clock") : person(entry.by);
  return t("history.by", { action: t(`action.${entry.action}`), name });
}

/** One sentence for each thing that became different. `names`: the points' names by code; `person`: an account's. */
export function differences(
  entry: HistoryEntry,
  names: ReadonlyMap<string, string>,
  person: (username: string) => string,
): string[] {
  const first = entry.action === "booked" || entry.action === "drafted";
  const changes = first ? entry.changes.filter(({ field }) => TOLD_AT_FIRST.has(field)) : entry.changes;
  return changes.flatMap((change) =>
    change.field === "points" ? moved(change, names) : [changed(change, person)],
  );
}

function changed({ field, old, new: now }: Change, person: (username: string) => string): string {
  const name = nameOf(field);
  const said = (value: unknown): string =>
    field === "chair" && typeof value === "string" ? person(value) : valueOf(field, value);
  if (old === null) return t("history.set", { field: name, new: said(now) });
  return t("history.moved", { field: name, old: said(old), new: said(now) });
}

function moved({ old, new: now }: Change, names: ReadonlyMap<string, string>): string[] {
  const said = (key: "history.came" | "history.went", value: unknown): string[] => {
    const codes = Array.isArray(value) ? value.map(String) : [];
    return codes.length === 0 ? [] : [t(key, { n: codes.length, names: listed(codes, names) })];
  };
  return [...said("history.came", now), ...said("history.went", old)];
}

function listed(codes: readonly string[], names: ReadonlyMap<string, string>): string {
  const first = codes
    .slice(0, NAMED)
    .map((code) => names.get(code) ?? code)
    .join(", ");
  const rest = codes.length - NAMED;
  return rest > 0 ? t("history.more", { names: first, n: rest }) : first;
}

function isOneOf<T extends string>(all: readonly T[], text: string): text is T {
  return (all as readonly string[]).includes(text);
}

function nameOf(field: string): string {
  const known = ["state", "title", "chair", "profile", "lightest", ...MOMENTS, ...MINUTES] as const;
  return isOneOf(known, field) ? t(`field.${field}`) : field;
}

function valueOf(field: string, value: unknown): string {
  if (field === "state") return common(`state.${value as ConferenceState}`);
  if (isOneOf(MOMENTS, field)) return dateTime(String(value));
  if (isOneOf(MINUTES, field)) return t("history.minutes", { n: Number(value) });
  if (field === "profile" || field === "lightest") return profileName(value as ProfileName);
  return value === null ? t("history.nobody") : String(value);
}
