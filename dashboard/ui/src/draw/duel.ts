/** Fear against disgust over one flag: two lines, 0 to 100 points. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Episode } from "../generated/events";
import { DISGUST, FEAR, FRAMES_PER_SECOND, type Columns } from "../state/columns";
import { clock, t } from "../words";
import { drawFlags, drawHead, type Marks } from "./marks";
import type { Palette } from "./palette";

const AROUND_S = 3;

export class Duel {
  private readonly plot: uPlot;
  private palette: Palette;
  private marks: Marks;

  constructor(host: HTMLElement, columns: Columns, episode: Episode, palette: Palette) {
    this.palette = palette;
    this.marks = {
      episodes: [episode],
      gaps: [],
      lanes: [],
      chosen: episode.id,
      head: null,
    };
    const from = Math.max(0, episode.start / FRAMES_PER_SECOND - AROUND_S);
    const to = episode.end / FRAMES_PER_SECOND + AROUND_S;
    const quiet = () => this.palette.quiet;
    const font = `${12 * palette.scale}px system-ui, sans-serif`;
    const line = (label: "fearful" | "disgusted"): uPlot.Series => ({
      stroke: () => this.palette.emotions[label],
      width: 2.5,
      points: { show: false },
    });
    this.plot = new uPlot(
      {
        width: Math.max(200, host.clientWidth),
        height: Math.max(160, host.clientHeight),
        pxAlign: false,
        padding: [8 * palette.scale, 96 * palette.scale, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: false, auto: false, min: from, max: to },
          y: { auto: false, range: [0, 100] },
        },
        axes: [
          {
            stroke: quiet,
            grid: { show: false },
            ticks: { show: false },
            font,
            incrs: [1, 2, 5, 10, 30, 60],
            space: 64,
            values: (_, splits) => splits.map(clock),
          },
          {
            stroke: quiet,
            grid: { stroke: () => this.palette.line, width: 1 },
            ticks: { show: false },
            font,
            splits: () => [0, 25, 50, 75, 100],
          },
        ],
        series: [{}, line("fearful"), line("disgusted")],
        hooks: {
          drawClear: [(u) => drawFlags(u, this.marks, this.palette)],
          draw: [
            (u) => {
              this.names(u);
              drawHead(u, this.marks, this.palette);
            },
          ],
        },
      },
      tableOf(columns, from, to),
      host,
    );
  }

  /** `head`: seconds of the play head. */
  show(head: number | null, palette: Palette): void {
    if (head === this.marks.head && palette === this.palette) return;
    this.palette = palette;
    this.marks = { ...this.marks, head };
    this.plot.redraw(false, true);
  }

  resize(width: number, height: number): void {
    this.plot.setSize({ width: Math.max(200, width), height: Math.max(160, height) });
  }

  destroy(): void {
    this.plot.destroy();
  }

  private names(u: uPlot): void {
    const ratio = devicePixelRatio * this.palette.scale;
    const ends = (["fearful", "disgusted"] as const)
      .map((label, i) => ({ label, value: last(u.data[1 + i] as (number | null)[]) }))
      .filter((end) => end.value !== null)
      .map(({ label, value }) => ({ label, y: u.valToPos(value!, "y", true) }))
      .sort((a, b) => a.y - b.y);
    let free = u.bbox.top;
    const left = u.bbox.left + u.bbox.width + 8 * ratio;
    u.ctx.save();
    u.ctx.font = `600 ${12 * ratio}px system-ui, sans-serif`;
    u.ctx.textAlign = "left";
    u.ctx.textBaseline = "middle";
    ends.forEach(({ label, y }, i) => {
      const bottom = u.bbox.top + u.bbox.height - (ends.length - 1 - i) * 18 * ratio;
      const at = Math.max(free, Math.min(y, bottom));
      free = at + 18 * ratio;
      u.ctx.fillStyle = this.palette.emotions[label];
      u.ctx.fillRect(left, at - 1.5 * ratio, 10 * ratio, 3 * ratio);
      u.ctx.fillStyle = this.palette.ink;
      u.ctx.fillText(t(`label.${label}`), left + 14 * ratio, at);
    });
    u.ctx.restore();
  }
}

function last(values: readonly (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

function tableOf(columns: Columns, from: number, to: number): uPlot.AlignedData {
  const first = Math.max(0, columns.pointOf(from * FRAMES_PER_SECOND));
  const last = Math.min(columns.length, columns.pointOf(to * FRAMES_PER_SECOND) + 1);
  const points = Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i);
  const column = (which: number) =>
    points.map((point) => {
      const value = columns.at(which, point);
      return Number.isNaN(value) ? null : value;
    });
  const seconds = points.map((point) => columns.frameOf(point) / FRAMES_PER_SECOND);
  return [seconds, column(FEAR), column(DISGUST)];
}
