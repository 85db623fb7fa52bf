import { preferences } from "../preferences.svelte";

export type Values = Record<string, string | number>;

/**
 * The texts of one area in both languages; English must hold the same keys.
 *
 * `{name}` is replaced by a value, numbers in the language's own writing; `{n|point|points}` chooses
 * the singular when `n` is 1.
 */
export function translator<K extends string>(
  vi: Record<K, string>,
  en: Record<NoInfer<K>, string>,
): (key: K, values?: Values) => string {
  return (key, values = {}) => fill((preferences.language === "vi" ? vi : en)[key], values);
}

export function fill(text: string, values: Values): string {
  return text.replace(
    /\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g,
    (whole, name: string, one?: string, many?: string) => {
      const value = values[name];
      if (value === undefined) return whole;
      if (one !== undefined && many !== undefined) return value === 1 ? one : many;
      return typeof value === "number" ? number(value) : value;
    },
  );
}

const formats = new Map<string, Intl.NumberFormat>();

export function number(value: number, digits = 0): string {
  const locale = preferences.language === "vi" ? "vi-VN" : "en-GB";
  const key = `${locale} ${digits}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    formats.set(key, format);
  }
  return format.format(value);
}
