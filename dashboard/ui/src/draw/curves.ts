/** The nine curves: one uPlot, fixed scale, emphasis by pins; drawn by the frame loop alone. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { DISGUSTED, FEARFUL, LABELS, UNKNOWN } from "../state/columns";
import { clock, t } from "../words";
import {
  drawFlagLabels,
  drawFlags,
  drawGaps,
  drawHead,
  drawLanes,
  FLOOR,
  type Marks,
} from "./marks";
import type { Palette } from "./palette";
import type { Table } from "./series";

export interface Look {
  palette: Palette;
  marks: Marks;
  /** Labels in full colour, by index. */
  strong: ReadonlySet<number>;
}

const FAINT = 0.35;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

export class Curves {
  private readonly plot: uPlot;
  private look: Look;

  constructor(host: HTMLElement, look: Look, onCursor: (seconds: number | null) => void) {
    this.look = look;
    const narrow = host.clientWidth < 520;
    const { scale } = look.palette;
    const font = `${12 * scale}px system-ui, sans-serif`;
    this.plot = new uPlot(
      {
        width: Math.max(200, host.clientWidth),
        height: Math.max(160, host.clientHeight),
        pxAlign: false,
        padding: [8 * scale, (narrow ? 90 : 96) * scale, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
        scales: { x: { time: false, auto: false }, y: { auto: false, range: [FLOOR, 100] } },
        axes: [
          {
            stroke: () => this.look.palette.quiet,
            grid: { show: false },
            ticks: { show: false },
            font,
            size: 26 * scale,
            gap: 4,
            incrs: STEPS,
            space: 72,
            values: (_, splits) => splits.map((s) => (s < 0 ? "" : clock(s))),
          },
          {
            stroke: () => this.look.palette.quiet,
            grid: { stroke: () => this.look.palette.line, width: 1 },
            ticks: { show: false },
            font,
            size: (narrow ? 62 : 68) * scale,
            gap: 6,
            splits: () => [0, 25, 50, 75, 100],
            values: (_, splits) => splits.map((s) => `${s} %`),
          },
        ],
        series: [{}, ...LABELS.map((_, i) => this.line(i)), ...LABELS.map((_, i) => this.end(i))],
        hooks: {
          drawClear: [
            (u) => {
              drawFlags(u, this.look.marks, this.look.palette);
              drawLanes(u, this.look.marks, this.look.palette);
            },
          ],
          draw: [
            (u) => {
              drawGaps(u, this.look.marks, this.look.palette);
              drawFlagLabels(u, this.look.marks, this.look.palette);
              this.labels(u);
              drawHead(u, this.look.marks, this.look.palette);
            },
          ],
          setCursor: [
            (u) => {
              const { left } = u.cursor;
              onCursor(left === undefined || left < 0 ? null : u.posToVal(left, "x"));
            },
          ],
        },
      },
      [[], ...LABELS.map(() => []), ...LABELS.map(() => [])] as uPlot.AlignedData,
      host,
    );
  }

  /** New numbers; drawn by the next `show`. */
  data(table: Table): void {
    this.plot.setData(table as uPlot.AlignedData, false);
  }

  /** Draw [from, to] seconds. */
  show(from: number, to: number, look: Look): void {
    this.look = look;
    const { scale } = look.palette;
    LABELS.forEach((_, label) => {
      const strong = look.strong.has(label);
      Object.assign(this.plot.series[1 + label]!, {
        width: (strong ? 2 : 1.25) * scale,
        alpha: strong ? 1 : FAINT,
      });
      Object.assign(this.plot.series[1 + LABELS.length + label]!, {
        width: (strong ? 1.25 : 1) * scale,
        alpha: strong ? 0.6 : FAINT * 0.6,
      });
    });
    this.plot.setScale("x", { min: from, max: to });
  }

  resize(width: number, height: number): void {
    this.plot.setSize({ width: Math.max(200, width), height: Math.max(160, height) });
  }

  /** Move the time cursor by seconds, from the right edge where there is none. */
  step(seconds: number): void {
    const { left, top } = this.plot.cursor;
    const width = this.plot.over.clientWidth;
    const at = left === undefined || left < 0 ? width : left;
    const value = this.plot.posToVal(at, "x") + seconds;
    const moved = Math.min(width, Math.max(0, this.plot.valToPos(value, "x")));
    this.plot.setCursor({ left: moved, top: top ?? 0 });
  }

  /** Take the time cursor away. */
  leave(): void {
    this.plot.setCursor({ left: -10, top: -10 });
  }

  destroy(): void {
    this.plot.destroy();
  }

  private line(label: number): uPlot.Series {
    return {
      stroke: () => this.look.palette.emotions[LABELS[label]!],
      width: 1.25,
      points: { show: false },
      spanGaps: false,
      ...(label === UNKNOWN ? { dash: [5, 4] } : {}),
    };
  }

  private end(label: number): uPlot.Series {
    return { ...this.line(label), width: 1, dash: label === UNKNOWN ? [5, 4] : [] };
  }

  /** Names of the strong lines at their right ends, moved apart where they would overlap. */
  private labels(u: uPlot): void {
    const ratio = devicePixelRatio * this.look.palette.scale;
    const ends = [...this.look.strong]
      .map((label) => ({ label, value: this.last(label) }))
      .filter((end): end is { label: number; value: number } => end.value !== null)
      .map(({ label, value }) => ({ label, y: u.valToPos(value, "y", true) }))
      .sort((a, b) => a.y - b.y);
    const bottom = u.valToPos(0, "y", true);
    let free = u.bbox.top;
    const left = u.bbox.left + u.bbox.width + 8 * ratio;
    u.ctx.save();
    u.ctx.font = `600 ${12 * ratio}px system-ui, sans-serif`;
    u.ctx.textAlign = "left";
    u.ctx.textBaseline = "middle";
    ends.forEach(({ label, y }, i) => {
      const room = bottom - (ends.length - 1 - i) * 16 * ratio;
      const at = Math.max(free, Math.min(y, room));
      free = at + 16 * ratio;
      u.ctx.fillStyle = this.look.palette.emotions[LABELS[label]!];
      u.ctx.fillRect(left, at - 1.5 * ratio, 10 * ratio, 3 * ratio);
      u.ctx.fillStyle = this.look.palette.ink;
      u.ctx.fillText(t(`label.${LABELS[label]!}`), left + 14 * ratio, at);
    });
    u.ctx.restore();
  }

  /** Newest value in sight, provisional ones included; none after two seconds of silence. */
  private last(label: number): number | null {
    const [seconds] = this.plot.data;
    const max = this.plot.scales.x?.max ?? 0;
    const settled = this.plot.data[1 + label]!;
    const moving = this.plot.data[1 + LABELS.length + label]!;
    for (let i = seconds.length - 1; i >= 0 && seconds[i]! > max - 2.5; i--) {
      if (seconds[i]! > max) continue;
      const value = moving[i] ?? settled[i];
      if (value !== null && value !== undefined) return value;
    }
    return null;
  }
}

/** The two that are always strong. */
export const ALWAYS_STRONG: readonly number[] = [FEARFUL, DISGUSTED];
