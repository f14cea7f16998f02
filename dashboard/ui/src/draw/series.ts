/** State to columns that uPlot can draw: plain numbers, null where nobody spoke. Pure. */
import { FRAMES_PER_SECOND, LABELS, type Columns } from "../state/columns";
import type { Points } from "../generated/events";

type Column = (number | null)[];
/** Seconds, then nine settled columns, then nine of the provisional end. */
export type Table = [number[], ...Column[]];

/** Most points of one line: more than a screen has pixels. */
const MOST = 1600;

/** Points of [from, to) frames; longer stretches are averaged, a piece without speech stays a hole. */
export function scoreTable(
  columns: Columns,
  provisional: Points | null,
  from: number,
  to: number,
): Table {
  const first = Math.max(0, columns.pointOf(from) - 1);
  const last = Math.min(columns.length, columns.pointOf(to) + 2);
  const stride = Math.max(1, Math.ceil((last - first) / MOST));
  const seconds: number[] = [];
  const settled: Column[] = LABELS.map(() => []);
  const moving: Column[] = LABELS.map(() => []);
  for (let point = first; point < last; point += stride) {
    seconds.push(columns.frameOf(point) / FRAMES_PER_SECOND);
    for (let label = 0; label < LABELS.length; label++) {
      settled[label]!.push(mean(columns, label, point, Math.min(last, point + stride)));
      moving[label]!.push(null);
    }
  }
  addEnd(seconds, settled, moving, provisional, to);
  return [seconds, ...settled, ...moving];
}

/** The provisional end begins at the last settled point, so that the line goes on without a break. */
function addEnd(
  seconds: number[],
  settled: Column[],
  moving: Column[],
  provisional: Points | null,
  to: number,
): void {
  if (!provisional || provisional.start > to) return;
  const joint = seconds.length - 1;
  if (joint >= 0) moving.forEach((column, label) => (column[joint] = settled[label]![joint]!));
  provisional.scores.forEach((scores, i) => {
    const at = (provisional.start + i * provisional.step) / FRAMES_PER_SECOND;
    if (joint >= 0 && at <= seconds[joint]!) return;
    seconds.push(at);
    for (let label = 0; label < LABELS.length; label++) {
      settled[label]!.push(null);
      moving[label]!.push(scores ? scores[label]! * 100 : null);
    }
  });
}

function mean(columns: Columns, column: number, from: number, to: number): number | null {
  let sum = 0;
  let number = 0;
  for (let point = from; point < to; point++) {
    const value = columns.at(column, point);
    if (Number.isNaN(value)) continue;
    sum += value;
    number++;
  }
  return number === 0 ? null : (sum / number) * 100;
}

/** The nine scores (0 to 1) at a frame: settled, else provisional, else null. */
export function scoresAt(
  columns: Columns,
  provisional: Points | null,
  frame: number,
): number[] | null {
  const point = columns.pointOf(frame);
  if (point >= 0 && point < columns.length) {
    if (Number.isNaN(columns.at(0, point))) return null;
    return LABELS.map((_, label) => columns.at(label, point));
  }
  if (!provisional) return null;
  return provisional.scores[Math.floor((frame - provisional.start) / provisional.step)] ?? null;
}
