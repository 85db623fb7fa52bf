/** Times and figures as they are written in Vietnam: dd/MM/yyyy, 24 hours, decimal comma. */
import { t } from "./i18n/common";
import { number } from "./i18n/translate";
import { preferences } from "./preferences.svelte";

export { number };

let zone = "Asia/Ho_Chi_Minh";

/** Sets the zone of every time on the pages; the server names it. */
export function setTimeZone(name: string): void {
  zone = name;
}

export function timeZone(): string {
  return zone;
}

interface Parts {
  year: string;
  month: string;
  day: string;
  hour: string;
  minute: string;
  second: string;
}

/** Making one takes longer than a hundred uses, and a wall of lines asks for hundreds each second. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${zone} ${JSON.stringify(options)}`;
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.DateTimeFormat(locale, { ...options, timeZone: zone })));
  return format;
}

const PARTS = {
  hourCycle: "h23",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
} as const;

function partsIn(moment: Date): Parts {
  return Object.fromEntries(
    formatOf("en-GB", PARTS)
      .formatToParts(moment)
      .map((part) => [part.type, part.value]),
  ) as unknown as Parts;
}

export function date(moment: Date | string): string {
  const p = partsIn(new Date(moment));
  return `${p.day}/${p.month}/${p.year}`;
}

export function time(moment: Date | string): string {
  const p = partsIn(new Date(moment));
  return `${p.hour}:${p.minute}`;
}

export function clock(moment: Date): string {
  const p = partsIn(moment);
  return `${p.hour}:${p.minute}:${p.second}`;
}

export function dateTime(moment: Date | string): string {
  return `${date(moment)} ${time(moment)}`;
}

/** "Thứ Hai, 23/11/2026". */
export function weekday(moment: Date): string {
  const locale = preferences.language === "vi" ? "vi-VN" : "en-GB";
  const name = formatOf(locale, { weekday: "long" }).format(moment);
  return `${name}, ${date(moment)}`;
}

/** "T2 23/11", "Mon 23/11": a column's head. */
export function shortDay(moment: Date): string {
  const vi = preferences.language === "vi";
  const name = formatOf(vi ? "vi-VN" : "en-GB", { weekday: vi ? "narrow" : "short" }).format(moment);
  return `${name} ${date(moment).slice(0, 5)}`;
}

/** "08:00–11:30, 23/11/2026". */
export function range(start: string, stop: string): string {
  return `${time(start)}–${time(stop)}, ${date(start)}`;
}

/** The moment that `date` (dd/MM/yyyy) and `time` (HH:mm) name in the pages' zone; null when they name none. */
export function parseMoment(dateText: string, timeText: string): Date | null {
  const day = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(dateText.trim());
  const hour = /^(\d{1,2})[:hg](\d{2})$/.exec(timeText.trim());
  if (!day || !hour) return null;
  const [d, m, y, h, min] = [day[1], day[2], day[3], hour[1], hour[2]].map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (m < 1 || m > 12 || d < 1 || d > 31 || h > 23 || min > 59) return null;
  const asUtc = Date.UTC(y, m - 1, d, h, min);
  if (new Date(asUtc).getUTCDate() !== d) return null; // 31/02 would become 03/03
  return new Date(asUtc - offsetAt(new Date(asUtc)));
}

function offsetAt(moment: Date): number {
  const p = partsIn(moment);
  const local = Date.UTC(+p.year, +p.month - 1, +p.day, +p.hour, +p.minute, +p.second);
  return local - Math.floor(moment.getTime() / 1000) * 1000;
}

/** "7 giây", "3 phút", "2 giờ". */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return t("age.seconds", { n: seconds });
  if (seconds < 3600) return t("age.minutes", { n: Math.floor(seconds / 60) });
  return t("age.hours", { n: Math.floor(seconds / 3600) });
}

/** "2:10", "1:02:10": how long something has lasted, for figures that tick. */
export function lasting(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** "640 kbps", "2,1 Mbps"; a dash when it was not measured. */
export function rate(kbps: number | null | undefined): string {
  if (kbps === null || kbps === undefined) return "–";
  return kbps < 1000 ? `${number(kbps)} kbps` : `${number(kbps / 1000, 1)} Mbps`;
}

/** A fraction as a percentage with one decimal. */
export function percent(fraction: number | null | undefined): string {
  return fraction === null || fraction === undefined ? "–" : `${number(fraction * 100, 1)} %`;
}

/** "18 ms", "1,1 s"; a dash when it was not measured. */
export function ms(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return Math.round(value) < 1000 ? `${number(value)} ms` : `${number(value / 1000, 1)} s`;
}

/** Vietnamese text without marks and case, for searching: "Bến Thành" is found by "ben thanh". */
export function fold(text: string): string {
  return text
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/đ/gi, "d")
    .toLowerCase();
}
