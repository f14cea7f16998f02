/** The curves with everything that belongs to them: ranges, pins, time cursor, table. */
import { useEffect, useRef } from "preact/hooks";
import { useSignal, type Signal } from "@preact/signals";
import type { GapNoted, Points } from "../generated/events";
import { ALWAYS_STRONG, Curves } from "../draw/curves";
import type { Marks } from "../draw/marks";
import { palette } from "../draw/palette";
import { scoresAt, scoreTable } from "../draw/series";
import { FRAMES_PER_SECOND, LABELS, SAMPLES_PER_FRAME, type Columns } from "../state/columns";
import { clock, percent, t, type Key } from "../words";
import { usePage } from "./context";

/** What is drawn in one frame. */
export interface Scene {
  columns: Columns;
  provisional: Points | null;
  marks: Marks;
  /** Label that leads now, by index; -1 without one. */
  leader: number;
  /** Seconds at the right edge of the whole, and the part in sight for a span (0: all). */
  end: number;
  window: (span: number) => [number, number];
}

const RANGES: readonly (readonly [number, Key])[] = [
  [30, "call.range.30"],
  [120, "call.range.120"],
  [0, "call.range.all"],
];

interface Props {
  /** The scene at a moment; called by the frame loop. */
  scene: (now: number) => Scene;
  /** Newest scores in words and table; rendered with the view. */
  newest: number;
  columns: Columns;
  provisional: Points | null;
  gaps: readonly GapNoted[];
  live: boolean;
  onPick?: (seconds: number) => void;
}

export function Chart(props: Props) {
  const span = useSignal(props.live ? 30 : 0);
  const pins = useSignal<ReadonlySet<number>>(new Set());
  const hovered = useSignal<number | null>(null);
  const cursor = useSignal<number | null>(null);
  const host = useRef<HTMLDivElement>(null);
  const curves = useCurves(props.scene, { host, span, pins, hovered, cursor });
  const toggle = (label: number) => {
    const next = new Set(pins.value);
    if (!next.delete(label)) next.add(label);
    pins.value = next;
  };
  useDigits(toggle);
  const frame = cursor.value === null ? props.newest : cursor.value * FRAMES_PER_SECOND;
  const scores = scoresAt(props.columns, props.provisional, frame);
  return (
    <div class="chart">
      <div class="chart-head">
        <div class="segments" role="group" aria-label={t("call.range")}>
          {RANGES.map(([seconds, words]) => (
            <button
              key={seconds}
              type="button"
              aria-pressed={span.value === seconds}
              onClick={() => (span.value = seconds)}
            >
              {t(words)}
            </button>
          ))}
        </div>
        <span class="figures quiet">
          {cursor.value !== null
            ? t("call.at", { time: clock(cursor.value) }) + gapAt(props.gaps, cursor.value)
            : props.live && t("call.now")}
        </span>
      </div>
      <div
        ref={host}
        class="plot"
        tabIndex={0}
        role="application"
        aria-label={t("call.curves.alt")}
        onKeyDown={(event) => steer(event, curves.current)}
        onBlur={() => curves.current?.leave()}
        onClick={() => cursor.value !== null && props.onPick?.(cursor.value)}
      />
      <div class="pins" role="group" aria-label={t("call.pins")}>
        {LABELS.map((label, i) => (
          <button
            key={label}
            type="button"
            aria-pressed={pins.value.has(i)}
            onClick={() => toggle(i)}
            onMouseEnter={() => (hovered.value = i)}
            onMouseLeave={() => (hovered.value = null)}
          >
            <kbd aria-hidden="true">{i + 1}</kbd>
            <i class={`stroke ${label}`} aria-hidden="true" />
            {t(`label.${label}`)}
            <span class="figures">{scores ? percent(scores[i]!) : "–"}</span>
          </button>
        ))}
      </div>
      <Numbers columns={props.columns} newest={props.newest} />
    </div>
  );
}

/** What is missing under the time cursor, and why; empty where nothing is. */
function gapAt(gaps: readonly GapNoted[], seconds: number): string {
  const sample = seconds * FRAMES_PER_SECOND * SAMPLES_PER_FRAME;
  const gap = gaps.find((one) => one.start <= sample && sample < one.start + one.length);
  return gap ? ` · ${gap.reason ? t("call.gap", { reason: gap.reason }) : t("call.gap.bare")}` : "";
}

interface Controls {
  host: { current: HTMLDivElement | null };
  span: Signal<number>;
  pins: Signal<ReadonlySet<number>>;
  hovered: Signal<number | null>;
  cursor: Signal<number | null>;
}

function useCurves(scene: Props["scene"], controls: Controls) {
  const { loop } = usePage();
  const curves = useRef<Curves | null>(null);
  const latest = useRef(scene);
  latest.current = scene;
  useEffect(() => {
    const element = controls.host.current!;
    const first = latest.current(performance.now());
    const look = { palette: palette.peek(), marks: first.marks, strong: new Set(ALWAYS_STRONG) };
    const drawn = new Curves(element, look, (seconds) => (controls.cursor.value = seconds));
    curves.current = drawn;
    const watcher = new ResizeObserver(() =>
      drawn.resize(element.clientWidth, element.clientHeight),
    );
    watcher.observe(element);
    const stop = loop.add(painter(drawn, latest, controls));
    return () => {
      stop();
      watcher.disconnect();
      drawn.destroy();
      curves.current = null;
    };
  }, []);
  return curves;
}

/** New columns only when they changed; the window moves on every frame. */
function painter(drawn: Curves, latest: { current: Props["scene"] }, controls: Controls) {
  let key = "";
  return (now: number) => {
    const scene = latest.current(now);
    const [from, to] = scene.window(controls.span.peek());
    const { columns, provisional } = scene;
    const second = Math.floor(from);
    const fresh = `${columns.revision}/${provisional?.start}/${second}/${Math.ceil(to)}`;
    if (fresh !== key) {
      key = fresh;
      const [first, last] = [second * FRAMES_PER_SECOND, Math.ceil(to + 1) * FRAMES_PER_SECOND];
      drawn.data(scoreTable(columns, provisional, first, last));
    }
    const strong = new Set([...ALWAYS_STRONG, ...controls.pins.peek()]);
    if (scene.leader >= 0) strong.add(scene.leader);
    const hovered = controls.hovered.peek();
    if (hovered !== null) strong.add(hovered);
    drawn.show(from, to, { palette: palette.peek(), marks: scene.marks, strong });
  };
}

function steer(event: KeyboardEvent, curves: Curves | null): void {
  const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "Escape") curves?.leave();
  if (way === undefined || !curves) return;
  event.preventDefault();
  curves.step(way * (event.shiftKey ? 2 : 0.2));
}

/** Keys 1 to 9 pin a curve, wherever the focus is, except while something is typed. */
function useDigits(toggle: (label: number) => void): void {
  const latest = useRef(toggle);
  latest.current = toggle;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const typing = (event.target as HTMLElement).closest("input, select, textarea, dialog");
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (/^[1-9]$/.test(event.key)) latest.current(Number(event.key) - 1);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

const ROWS = 20;

/** The same numbers for screen readers and for copying: a row a second, newest first. */
function Numbers({ columns, newest }: { columns: Columns; newest: number }) {
  const open = useSignal(false);
  const last = Math.floor(newest / FRAMES_PER_SECOND);
  const seconds = Array.from({ length: Math.min(ROWS, last + 1) }, (_, i) => last - i);
  return (
    <details onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>{t("call.table")}</summary>
      {open.value && (
        <div class="scroll" tabIndex={0} role="region" aria-label={t("call.table")}>
          <table class="figures">
            <caption>{t("call.table.caption")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("call.time")}</th>
                {LABELS.map((label) => (
                  <th key={label} scope="col">
                    {t(`label.${label}`)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {seconds.map((second) => {
                const scores = scoresAt(columns, null, second * FRAMES_PER_SECOND);
                return (
                  <tr key={second}>
                    <th scope="row">{clock(second)}</th>
                    {LABELS.map((label, i) => (
                      <td key={label}>{scores ? Math.round(scores[i]! * 100) : "–"}</td>
                    ))}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
