/** Says what a booking came to, and which points it had to leave out. */
import { t as said } from "./i18n/booking";
import { t } from "./i18n/organizer";
import type { Booked, Clash } from "./model";
import { toasts } from "./toasts.svelte";

const NAMED = 3;

export function tellBooked({ conference, left_out }: Booked): void {
  const n = conference.points.length;
  if (conference.state === "draft") toasts.done(said("draft.saved"));
  else if (conference.state === "requested") toasts.done(said("requested", { n }));
  else toasts.done(t("booked", { n }));
  tellLeftOut(left_out);
}

export function tellLeftOut(left_out: readonly Clash[]): void {
  if (left_out.length === 0) return;
  const first = left_out
    .slice(0, NAMED)
    .map(({ name }) => name)
    .join(", ");
  const rest = left_out.length - NAMED;
  const names = rest > 0 ? said("leave_out.more", { names: first, n: rest }) : first;
  toasts.problem(said("leave_out.told", { n: left_out.length, names }));
}
