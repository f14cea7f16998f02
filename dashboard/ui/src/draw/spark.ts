/** A minute of one leg in a small canvas: fear and disgust as lines, the strongest other as a band. */
import { type Columns, DISGUSTED, FEARFUL, FRAMES_PER_SECOND, LABELS } from "../state/columns";
import type { Session } from "../state/world";
import { scoredLeg } from "../state/look";
import type { Lane } from "./marks";
import type { Palette } from "./palette";

const SECONDS = 60;
const LANE = 4;

/** `head`: frame at the right edge. */
export function drawSpark(
  canvas: HTMLCanvasElement,
  session: Session,
  lanes: readonly Lane[],
  head: number,
  palette: Palette,
): void {
  const width = Math.round(canvas.clientWidth * devicePixelRatio);
  const height = Math.round(canvas.clientHeight * devicePixelRatio);
  const ratio = devicePixelRatio * palette.scale;
  if (width === 0) return;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d")!;
  context.clearRect(0, 0, width, height);
  const first = head - SECONDS * FRAMES_PER_SECOND;
  const x = (frame: number) => ((frame - first) / (head - first)) * width;
  const base = height - (lanes.length * (LANE + 2) + 2) * ratio;
  drawEpisodes(context, session, x, base, palette);
  const leg = scoredLeg(session);
  if (leg) {
    const y = (value: number) => base - ratio - value * (base - 3 * ratio);
    const points = { columns: leg.columns, first, head, x, y, ratio };
    band(context, points, palette.quiet);
    stroke(context, points, FEARFUL, palette.emotions.fearful);
    stroke(context, points, DISGUSTED, palette.emotions.disgusted);
  }
  context.fillStyle = palette.line;
  context.fillRect(0, base, width, ratio);
  lanes.forEach((lane, row) => {
    const top = base + (3 + row * (LANE + 2)) * ratio;
    context.fillStyle = lane.role === "customer" ? palette.ink : palette.quiet;
    context.globalAlpha = lane.role === "customer" ? 0.75 : 0.55;
    const { list } = lane.speech;
    for (let i = lane.speech.from(first); i < list.length; i++) {
      const from = x(list[i]![0]);
      context.fillRect(from, top, Math.max(ratio, x(list[i]![1]) - from), LANE * ratio);
    }
    context.globalAlpha = 1;
  });
}

function drawEpisodes(
  context: CanvasRenderingContext2D,
  session: Session,
  x: (frame: number) => number,
  base: number,
  palette: Palette,
): void {
  for (const { start, end } of session.episodes) {
    const width = Math.max(2, x(end) - x(start));
    context.fillStyle = palette.wash;
    context.fillRect(x(start), 0, width, base);
    context.fillStyle = palette.accent;
    context.fillRect(x(start), 0, width, 2 * devicePixelRatio);
  }
}

interface Sight {
  columns: Columns;
  first: number;
  head: number;
  x: (frame: number) => number;
  y: (value: number) => number;
  ratio: number;
}

function stroke(context: CanvasRenderingContext2D, sight: Sight, label: number, colour: string) {
  const { columns, first, x, y, ratio } = sight;
  context.strokeStyle = colour;
  context.lineWidth = 1.75 * ratio;
  context.beginPath();
  let hole = true;
  for (let point = Math.max(0, columns.pointOf(first)); point < columns.length; point++) {
    const value = columns.at(label, point);
    if (Number.isNaN(value)) {
      hole = true;
      continue;
    }
    const at = x(columns.frameOf(point));
    if (hole) context.moveTo(at, y(value));
    else context.lineTo(at, y(value));
    hole = false;
  }
  context.stroke();
}

function band(context: CanvasRenderingContext2D, sight: Sight, colour: string): void {
  const { columns, first, x, y, ratio } = sight;
  context.fillStyle = colour;
  context.globalAlpha = 0.22;
  for (let point = Math.max(0, columns.pointOf(first)); point < columns.length; point++) {
    let most = NaN;
    for (let label = 0; label < LABELS.length; label++) {
      if (label === FEARFUL || label === DISGUSTED) continue;
      const value = columns.at(label, point);
      if (!(value <= most)) most = value;
    }
    if (Number.isNaN(most)) continue;
    const from = x(columns.frameOf(point));
    const to = x(columns.frameOf(point + 1)) + 0.5 * ratio;
    context.fillRect(from, y(most), to - from, y(0) - y(most));
  }
  context.globalAlpha = 1;
}
