/** How pages speak of incidents. */
import { t } from "./i18n/incidents";
import type { Grade, IncidentView } from "./model";

type Incident = IncidentView["incident"];

/** What is at fault, in words. */
export function nameOf({ cause, cause_name }: Pick<Incident, "cause" | "cause_name">): string {
  return t(`kind.${cause.kind}`, { name: cause_name });
}

/** All that may be behind it, in words, the gravest first. */
export function causesOf({ likely, also }: Pick<Incident["assessment"], "likely" | "also">): string {
  return [likely, ...also].map((cause) => t(`likely.${cause}`)).join("; ");
}

/** The shape and colour of a severity. */
export function gradeOf(severity: Incident["assessment"]["severity"]): Grade {
  return severity === "minor" ? "fair" : "poor";
}
