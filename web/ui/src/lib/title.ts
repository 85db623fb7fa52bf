/** What the browser's tab says: of several open tabs the right one must be found at a glance. */
import { t } from "./i18n/common";

/** Names the tab after a page while the effect runs in which this is called; empty and repeated parts are left out. */
export function nameTab(...parts: (string | undefined)[]): void {
  document.title = [...new Set([...parts, t("app.name")])].filter(Boolean).join(" · ");
}
