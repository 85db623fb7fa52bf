/** How many delegates are here, in the words that fit what is known: nobody reads "0/0". */
import { t } from "./i18n/headcount";
import type { HallHeadcount, HeadcountSum } from "./model";

/** Declared of expected: what nobody has said is a dash, and what nobody expects is left out. */
export function heads({ declared, expected }: Pick<HallHeadcount, "declared" | "expected">): string {
  const here = declared === null ? "–" : String(declared);
  return expected === 0 ? here : `${here} / ${expected}`;
}

/** A hall's own line. */
export function hallWords(hall: Pick<HallHeadcount, "declared" | "expected">): string {
  if (hall.declared !== null) return t("own", { heads: heads(hall) });
  return hall.expected === 0 ? t("unsaid") : t("unsaid.of", { expected: hall.expected });
}

/** All halls together. */
export function totalWords(total: Pick<HeadcountSum, "answered" | "declared" | "expected">): string {
  if (total.answered === 0 && total.expected === 0) return t("unsaid.all");
  const declared = total.answered === 0 ? null : total.declared;
  return t("total", { heads: heads({ declared, expected: total.expected }) });
}
