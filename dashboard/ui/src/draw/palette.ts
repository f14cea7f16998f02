/** The theme's colours for canvases: the style sheet is their one source. */
import { signal } from "@preact/signals";
import { LABELS, type Label } from "../state/columns";

export type Theme = "auto" | "light" | "dark";
const ORDER: readonly Theme[] = ["auto", "light", "dark"];
const KEY = "tonewatch.theme";

export interface Palette {
  ground: string;
  raised: string;
  line: string;
  ink: string;
  quiet: string;
  accent: string;
  wash: string;
  alert: string;
  /** Size of the page's letters against 16 px. */
  scale: number;
  emotions: Record<Label, string>;
}

const system = matchMedia("(prefers-color-scheme: dark)");

function kept(): Theme {
  const theme = localStorage.getItem(KEY) as Theme | null;
  return theme && ORDER.includes(theme) ? theme : "auto";
}

export const theme = signal<Theme>(kept());
export const palette = signal<Palette>(paint());

export function nextTheme(): void {
  theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length]!;
  localStorage.setItem(KEY, theme.value);
  palette.value = paint();
}

function again(): void {
  palette.value = paint();
}
system.addEventListener("change", again);
addEventListener("resize", again);

/** Set the theme on the document and read its colours. */
function paint(): Palette {
  const dark = theme.peek() === "dark" || (theme.peek() === "auto" && system.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: read("ground"),
    raised: read("raised"),
    line: read("line"),
    ink: read("ink"),
    quiet: read("ink-quiet"),
    accent: read("accent"),
    wash: read("accent-wash"),
    alert: read("alert"),
    scale: Math.max(1, parseFloat(style.fontSize) / 16),
    emotions: Object.fromEntries(LABELS.map((label) => [label, read(label)])) as Record<
      Label,
      string
    >,
  };
}
