/** One hall's facts as a row of the directory file: what is written by hand is checked as what is imported. */
import type { PointRecord } from "./model";

export const FACTS = [
  "seats",
  "contact",
  "address",
  "equipment",
  "operator",
  "operator_phone",
  "operator_email",
  "line_provider",
  "line_up_kbps",
  "line_down_kbps",
] as const;
export type PointDraft = Record<(typeof FACTS)[number], string>;

/** In a file an empty cell changes nothing; this empties the column. */
const EMPTIED = "-";

export function draftOfPoint({
  seats,
  contact,
  address,
  equipment,
  operators,
  line,
}: PointRecord): PointDraft {
  const first = operators[0];
  return {
    seats: seats > 0 ? String(seats) : "",
    contact,
    address,
    equipment: equipment.join("; "),
    operator: first?.name ?? "",
    operator_phone: first?.phone ?? "",
    operator_email: first?.email ?? "",
    line_provider: line?.provider ?? "",
    line_up_kbps: line?.up_kbps == null ? "" : String(line.up_kbps),
    line_down_kbps: line?.down_kbps == null ? "" : String(line.down_kbps),
  };
}

export function pointFile(point: PointRecord, draft: PointDraft): File {
  const before = draftOfPoint(point);
  const cells = FACTS.map((fact) => draft[fact].trim() || (before[fact] ? emptied(fact) : ""));
  const header = ["code", "name", "unit", ...FACTS];
  const rows = [header, [point.code, point.name, point.unit, ...cells]];
  const text = rows.map((row) => row.map(quoted).join(",")).join("\r\n");
  return new File([text], "point.csv", { type: "text/csv" });
}

const emptied = (fact: (typeof FACTS)[number]): string => (fact === "seats" ? "0" : EMPTIED);
const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
