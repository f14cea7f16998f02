import type { Points } from "../generated/events";

/** The order of every score column, as on the wire. */
export const LABELS = [
  "angry",
  "disgusted",
  "fearful",
  "happy",
  "neutral",
  "other",
  "sad",
  "surprised",
  "unknown",
] as const;
export type Label = (typeof LABELS)[number];

export const DISGUSTED = 1;
export const FEARFUL = 2;
export const UNKNOWN = 8;

/** A label's name, if it is one. */
export function labelOf(name: string | null): Label | undefined {
  return LABELS.find((label) => label === name);
}

/** Index of a label that has a curve worth showing as the leader; -1 for none or `unknown`. */
export function leading(label: Label | undefined): number {
  return label === undefined || label === "unknown" ? -1 : LABELS.indexOf(label);
}

/** Columns behind the nine scores (0 to 1). */
export const FEAR = 9;
export const DISGUST = 10;
export const CONFIDENCE = 11;
export const EMOTION = 12;
const WIDTH = 13;

/** Frames of the grid in a second, and 16 kHz samples in a frame. */
export const FRAMES_PER_SECOND = 50;
export const SAMPLES_PER_FRAME = 320;

/**
 * The curves of one leg: a column of float32 for each number, NaN where nobody spoke.
 *
 * Point i stands for frame `origin + i * step`. Columns grow by doubling up to `limit` points, then
 * the older half is let go. Written by the reducer alone; `revision` tells drawers that they changed.
 */
export class Columns {
  origin = 0;
  step = 4;
  length = 0;
  revision = 0;
  private columns: Float32Array[] = [];
  private readonly limit: number;

  constructor(limit = 90_000) {
    this.limit = limit;
  }

  /** Frame behind the last point. */
  get stop(): number {
    return this.origin + this.length * this.step;
  }

  /** Append or overwrite points; frames that were never told stay holes. */
  write(points: Points): void {
    if (points.scores.length === 0) return;
    if (this.length === 0) {
      this.origin = points.start;
      this.step = points.step;
    }
    const first = Math.round((points.start - this.origin) / this.step);
    if (first < 0) return;
    this.reserve(first + points.scores.length);
    const shift = Math.round((points.start - this.origin) / this.step);
    for (let i = 0; i < points.scores.length; i++) this.put(shift + i, points, i);
    this.length = Math.max(this.length, shift + points.scores.length);
    this.revision++;
  }

  /** Value of a column at a point; NaN for a hole or outside. */
  at(column: number, point: number): number {
    if (point < 0 || point >= this.length) return NaN;
    return this.columns[column]![point]!;
  }

  /** Index of the point that holds a frame; may lie outside. */
  pointOf(frame: number): number {
    return Math.floor((frame - this.origin) / this.step);
  }

  /** Frame of a point. */
  frameOf(point: number): number {
    return this.origin + point * this.step;
  }

  private put(point: number, points: Points, i: number): void {
    const scores = points.scores[i];
    for (let label = 0; label < LABELS.length; label++) {
      this.columns[label]![point] = scores?.[label] ?? NaN;
    }
    this.columns[FEAR]![point] = points.fear[i] ?? NaN;
    this.columns[DISGUST]![point] = points.disgust[i] ?? NaN;
    this.columns[CONFIDENCE]![point] = points.confidence[i] ?? NaN;
    const emotion = points.emotion[i];
    this.columns[EMOTION]![point] = emotion ? LABELS.indexOf(emotion) : NaN;
  }

  private reserve(length: number): void {
    if (length > this.limit) {
      const dropped = Math.min(this.length, length - (this.limit >> 1));
      for (const column of this.columns) {
        column.copyWithin(0, dropped, this.length);
        column.fill(NaN, this.length - dropped);
      }
      this.origin += dropped * this.step;
      this.length -= dropped;
      length -= dropped;
    }
    const capacity = this.columns[0]?.length ?? 0;
    if (length <= capacity) return;
    const grown = Math.max(length, capacity * 2, 256);
    this.columns = Array.from({ length: WIDTH }, (_, column) => {
      const copy = new Float32Array(grown).fill(NaN);
      const old = this.columns[column];
      if (old) copy.set(old);
      return copy;
    });
  }
}

/** Stretches [start, stop) in rising order; neighbours are joined. */
export class Spans {
  revision = 0;
  readonly list: [number, number][] = [];

  add(spans: readonly (readonly [number, number])[]): void {
    for (const [start, stop] of spans) {
      const last = this.list.at(-1);
      if (last && start <= last[1]) last[1] = Math.max(last[1], stop);
      else this.list.push([start, stop]);
    }
    if (spans.length > 0) this.revision++;
  }

  /** Index of the first stretch that ends behind a frame. */
  from(frame: number): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.list[middle]![1] <= frame) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
