import { computed, signal } from "@preact/signals";
import { en, type Key } from "./en";
import { zh } from "./zh";

export type { Key };
export type Language = "en" | "zh";

const KEY = "tonewatch.language";
const TABLES: Record<Language, Record<Key, string>> = { en, zh };

function first(): Language {
  const kept = localStorage.getItem(KEY);
  if (kept === "en" || kept === "zh") return kept;
  return navigator.language.startsWith("zh") ? "zh" : "en";
}

export const language = signal<Language>(first());

/** HTML's own name of the language. */
export const locale = computed(() => (language.value === "zh" ? "zh-Hans" : "en"));

/** How times are written: the browser's own habit where it speaks the language chosen. */
const region = computed(
  () => navigator.languages.find((own) => own.startsWith(language.value)) ?? locale.value,
);

export function setLanguage(chosen: Language): void {
  localStorage.setItem(KEY, chosen);
  language.value = chosen;
}

/** The words for a key, in the language chosen. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return TABLES[language.value][key].replace(/\{(\w+)\}/g, (hole, name: string) =>
    name in values ? String(values[name]) : hole,
  );
}

/** One or many. */
export function count(one: Key, many: Key, n: number): string {
  return t(n === 1 ? one : many, { n });
}

/** Whole percent of a share. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** Whole decibels, with a true minus sign. */
export function decibels(value: number): string {
  return `${Math.round(value)} dB`.replace("-", "−");
}

/** 75 -> 1:15, 3700 -> 1:01:40. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** A length of time in its largest unit. */
export function age(seconds: number): string {
  if (seconds < 60) return t("time.seconds", { n: Math.max(0, Math.round(seconds)) });
  if (seconds < 3600) return t("time.minutes", { n: Math.floor(seconds / 60) });
  if (seconds < 172_800) return t("time.hours", { n: Math.floor(seconds / 3600) });
  return t("time.days", { n: Math.floor(seconds / 86_400) });
}

/** Local time of a UTC moment (ms). */
export function localTime(ms: number): string {
  return new Intl.DateTimeFormat(region.value, { timeStyle: "medium" }).format(ms);
}

export function localDate(ms: number): string {
  const style = { dateStyle: "medium", timeStyle: "short" } as const;
  return new Intl.DateTimeFormat(region.value, style).format(ms);
}

/** The same with its zone, for a hint. */
export function withZone(ms: number): string {
  const style = { dateStyle: "full", timeStyle: "long" } as const;
  return new Intl.DateTimeFormat(region.value, style).format(ms);
}
