/** A kept session, made ready to be drawn like a live one. */
import type { GapNoted, Kept, Points } from "../generated/events";
import type { Api, Result } from "../wire/api";
import { Columns, FRAMES_PER_SECOND, Spans } from "./columns";

export interface Recording {
  kept: Kept;
  columns: Columns;
  /** Speech of each leg of which it is told, by name. */
  speech: ReadonlyMap<string, Spans>;
  gaps: GapNoted[];
  seconds: number;
  /** The leg whose curve is shown. */
  leg: string;
}

const SAMPLES_PER_SECOND = 16_000;
/** Most points that are asked for; longer calls get a coarser step. */
const MOST_POINTS = 45_000;

/** Frames between points for a call of a length: 80 ms, coarser above an hour. */
export function stepFor(seconds: number): number {
  return Math.max(4, Math.ceil((seconds * 50) / MOST_POINTS));
}

/** A call that has just ended is still being finished on the disk: give it a few seconds. */
async function finished(api: Api, id: string, tries = 10): Promise<Kept> {
  const kept = await api.kept(id);
  if (kept.result !== null || tries === 0) return kept;
  await new Promise((resolve) => setTimeout(resolve, 400));
  return finished(api, id, tries - 1);
}

export async function loadRecording(api: Api, id: string): Promise<Recording> {
  const kept = await finished(api, id);
  const result = kept.result as Result | null;
  const seconds = result?.duration_s ?? kept.session?.duration_s ?? 0;
  const scored = kept.info.legs.find((leg) => leg.scored);
  const columns = new Columns();
  if (scored) columns.write(await api.frames(id, scored.name, stepFor(seconds)));
  const speech = new Map(kept.speech.map(({ leg, spans }) => [leg, framesOf(spans)]));
  const gaps = (result?.gaps ?? []).map(
    (gap): GapNoted => ({
      type: "gap",
      session: id,
      leg: gap.leg,
      start: Math.round(gap.start_s * SAMPLES_PER_SECOND),
      length: Math.round((gap.end_s - gap.start_s) * SAMPLES_PER_SECOND),
      reason: "",
    }),
  );
  const leg = scored?.name ?? kept.info.legs[0]?.name ?? "customer";
  return { kept, columns, speech, gaps, seconds, leg };
}

/** Stretches told in seconds, on the frame grid. */
function framesOf(spans: readonly [number, number][]): Spans {
  const frames = new Spans();
  frames.add(
    spans.map(([start, end]): [number, number] => [
      Math.round(start * FRAMES_PER_SECOND),
      Math.round(end * FRAMES_PER_SECOND),
    ]),
  );
  return frames;
}

/** The points of a stretch, for a view that needs no more. */
export function columnsOf(points: Points): Columns {
  const columns = new Columns();
  columns.write(points);
  return columns;
}
