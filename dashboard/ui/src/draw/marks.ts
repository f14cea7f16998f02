/** What lies around the curves on the same canvas: flags, gaps, speech of both legs, play head. */
import type uPlot from "uplot";
import type { Episode, GapNoted } from "../generated/events";
import { FRAMES_PER_SECOND, SAMPLES_PER_FRAME, type Spans } from "../state/columns";
import { t } from "../words";
import type { Palette } from "./palette";

export const SHAPES = { needs_review: "?", dual: "=", lost_to_neutral: "o" } as const;

export interface Lane {
  name: string;
  role: string;
  speech: Spans;
}

export interface Marks {
  episodes: readonly Episode[];
  gaps: readonly GapNoted[];
  lanes: readonly Lane[];
  /** Chosen flag, drawn stronger. */
  chosen: string | null;
  /** Seconds; null without playback. */
  head: number | null;
}

/** Lowest value of the plot: below zero lie the lanes. */
export const FLOOR = -17;
const LANE_TOP = [-3.5, -10.5];
const LANE_HEIGHT = 5.5;

type Context = CanvasRenderingContext2D;

function x(u: uPlot, seconds: number): number {
  return u.valToPos(seconds, "x", true);
}

/** Keep drawing inside the plot. */
export function inside(u: uPlot, draw: (context: Context) => void): void {
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(left, top, width, height);
  u.ctx.clip();
  // uPlot leaves its axes' alignment behind.
  u.ctx.textAlign = "left";
  u.ctx.textBaseline = "alphabetic";
  draw(u.ctx);
  u.ctx.restore();
}

export function drawFlags(u: uPlot, marks: Marks, palette: Palette): void {
  const { top } = u.bbox;
  const bottom = u.valToPos(0, "y", true);
  const ratio = devicePixelRatio * palette.scale;
  const right = u.bbox.left + u.bbox.width;
  inside(u, (context) => {
    for (const episode of marks.episodes) {
      const from = x(u, episode.start / FRAMES_PER_SECOND);
      const to = Math.max(from + 3 * ratio, x(u, episode.end / FRAMES_PER_SECOND));
      if (to < u.bbox.left || from > right) continue;
      context.globalAlpha = episode.id === marks.chosen ? 1 : 0.7;
      context.fillStyle = palette.wash;
      context.fillRect(from, top, to - from, bottom - top);
      context.globalAlpha = 1;
      context.fillStyle = palette.accent;
      context.fillRect(from, top, to - from, (episode.id === marks.chosen ? 4 : 2) * ratio);
    }
  });
}

/** Shape and words of each flag, above the lines. */
export function drawFlagLabels(u: uPlot, marks: Marks, palette: Palette): void {
  const ratio = devicePixelRatio * palette.scale;
  const baseline = u.bbox.top + 17 * ratio;
  const right = u.bbox.left + u.bbox.width;
  inside(u, (context) => {
    let taken = -Infinity;
    for (const episode of marks.episodes) {
      const start = x(u, episode.start / FRAMES_PER_SECOND);
      const to = x(u, episode.end / FRAMES_PER_SECOND);
      if (to < u.bbox.left || start > right) continue;
      context.font = `${12 * ratio}px system-ui, sans-serif`;
      const words = t(`flag.${episode.kind}`);
      const width = 13 * ratio + context.measureText(words).width;
      const from = Math.min(Math.max(start, u.bbox.left) + 5 * ratio, right - width - 2 * ratio);
      if (from < taken) continue;
      taken = from + width + 8 * ratio;
      context.globalAlpha = 0.85;
      context.fillStyle = palette.ground;
      context.fillRect(from - 3 * ratio, baseline - 12 * ratio, width + 6 * ratio, 16 * ratio);
      context.globalAlpha = 1;
      context.fillStyle = palette.accent;
      context.fillText(words, from + 13 * ratio, baseline);
      context.font = `700 ${13 * ratio}px system-ui, sans-serif`;
      context.fillText(SHAPES[episode.kind], from, baseline);
    }
  });
}

export function drawGaps(u: uPlot, marks: Marks, palette: Palette): void {
  const ratio = devicePixelRatio * palette.scale;
  const { top, height } = u.bbox;
  for (const gap of marks.gaps) {
    const from = x(u, gap.start / SAMPLES_PER_FRAME / FRAMES_PER_SECOND);
    const to = x(u, (gap.start + gap.length) / SAMPLES_PER_FRAME / FRAMES_PER_SECOND);
    inside(u, (context) => {
      context.beginPath();
      context.rect(from, top, Math.max(2 * ratio, to - from), height);
      context.clip();
      context.strokeStyle = palette.quiet;
      context.globalAlpha = 0.45;
      context.lineWidth = ratio;
      context.beginPath();
      for (let at = from - height; at < to; at += 8 * ratio) {
        context.moveTo(at, top + height);
        context.lineTo(at + height, top);
      }
      context.stroke();
    });
  }
}

/** Customer above, agent below: speech is a bar, silence the bare ground. No emotion is in it. */
export function drawLanes(u: uPlot, marks: Marks, palette: Palette): void {
  const ratio = devicePixelRatio * palette.scale;
  const from = (u.scales.x?.min ?? 0) * FRAMES_PER_SECOND;
  const to = (u.scales.x?.max ?? 0) * FRAMES_PER_SECOND;
  inside(u, (context) => {
    marks.lanes.slice(0, LANE_TOP.length).forEach((lane, row) => {
      const top = u.valToPos(LANE_TOP[row]!, "y", true);
      const height = u.valToPos(LANE_TOP[row]! - LANE_HEIGHT, "y", true) - top;
      context.fillStyle = palette.raised;
      context.fillRect(u.bbox.left, top, u.bbox.width, height);
      context.fillStyle = lane.role === "customer" ? palette.ink : palette.quiet;
      context.globalAlpha = lane.role === "customer" ? 0.75 : 0.5;
      const { list } = lane.speech;
      for (let i = lane.speech.from(from); i < list.length && list[i]![0] < to; i++) {
        const left = x(u, list[i]![0] / FRAMES_PER_SECOND);
        const right = x(u, list[i]![1] / FRAMES_PER_SECOND);
        context.fillRect(left, top, Math.max(ratio, right - left), height);
      }
      context.globalAlpha = 1;
    });
  });
  marks.lanes.slice(0, LANE_TOP.length).forEach((lane, row) => {
    const middle = u.valToPos(LANE_TOP[row]! - LANE_HEIGHT / 2, "y", true);
    u.ctx.save();
    u.ctx.fillStyle = palette.quiet;
    u.ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    u.ctx.textAlign = "right";
    u.ctx.textBaseline = "middle";
    u.ctx.fillText(lane.name, u.bbox.left - 6 * ratio, middle);
    u.ctx.restore();
  });
}

export function drawHead(u: uPlot, marks: Marks, palette: Palette): void {
  if (marks.head === null) return;
  const ratio = devicePixelRatio * palette.scale;
  const at = x(u, marks.head);
  inside(u, (context) => {
    context.fillStyle = palette.accent;
    context.fillRect(at - ratio, u.bbox.top, 2 * ratio, u.bbox.height);
  });
}
