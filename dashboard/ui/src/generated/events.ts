// Made from schema.json by `npm run types`; not written by hand.

export type Wire =
  | (Readings | Activity | EpisodeChanged | SessionChanged | SessionDeleted | GapNoted | Mark | Fault | EngineStatus)
  | Snapshot;

/**
 * New points of a scored leg: settled ones, and the provisional end (replaced each time).
 */
export interface Readings {
  type: "readings";
  session: string;
  leg: string;
  settled: Points;
  provisional: Points;
  confusion: number | null;
  warming_up: boolean;
  captured_at_ns: number;
  emitted_at_ns: number;
  latency_ms: number;
}
/**
 * Readings of one leg at a fixed step, as columns; `scores` holds null where nobody spoke.
 */
export interface Points {
  start: number;
  step: number;
  scores: (number[] | null)[];
  fear: (number | null)[];
  disgust: (number | null)[];
  emotion: (
    ("angry" | "disgusted" | "fearful" | "happy" | "neutral" | "other" | "sad" | "surprised" | "unknown") | null
  )[];
  confidence: (number | null)[];
}
/**
 * Meters of any leg, agents included; no emotion in it.
 */
export interface Activity {
  type: "activity";
  session: string;
  leg: string;
  stop_frame: number;
  speech: [number, number][];
  speaking: boolean;
  talk_s: number;
  silence_s: number;
  overlap_s: number;
  level_dbfs: number;
  peak_dbfs: number;
  clipped: number;
  bandwidth_hz: number;
  snr_db: number;
  poor: string;
}
/**
 * An episode opened, moved or closed.
 */
export interface EpisodeChanged {
  type: "episode";
  session: string;
  episode: Episode;
  captured_at_ns: number;
}
/**
 * A stretch in which fear and disgust could not be told apart, or lost narrowly to neutral.
 *
 * Replaced, never edited.
 */
export interface Episode {
  id: string;
  leg: string;
  kind: "lost_to_neutral" | "needs_review" | "dual";
  state: "open" | "closed";
  start: number;
  end: number;
  peak: number;
  fear: number;
  disgust: number;
  reason_en: string;
  reason_zh: string;
  focus_fear: Focus | null;
  focus_disgust: Focus | null;
  crossing: number | null;
}
/**
 * The span in which one of the two was clearest, scored by itself.
 */
export interface Focus {
  start: number;
  end: number;
  score: number;
}
/**
 * A session began, was renamed, paused, stopped scoring or ended; carries all of it.
 */
export interface SessionChanged {
  type: "session";
  session: SessionInfo;
}
/**
 * A call, as everybody may see it.
 */
export interface SessionInfo {
  id: string;
  name: string;
  state: "live" | "paused" | "ended" | "lost";
  source: "microphone" | "recording" | "browser" | "ingest" | "demo";
  started_at: string;
  legs: LegInfo[];
  scoring: boolean;
  scoring_reason: string;
  notice: Notice | null;
  folder: string;
  call_id: string;
  context: string;
  pace: "live" | "file";
  ended_at: string;
  hop_ms: number;
}
/**
 * One voice of a session.
 */
export interface LegInfo {
  name: string;
  role: "customer" | "agent" | "mix" | "other";
  scored: boolean;
  reason: string;
}
/**
 * How the people heard were told that their voice is analysed.
 */
export interface Notice {
  method: "announced" | "keypress" | "spoken" | "written" | "test";
  text: string;
  language: string;
  version: string;
  at: string;
  set_by: string;
}
/**
 * A session's folder was deleted.
 */
export interface SessionDeleted {
  type: "deleted";
  session: string;
}
/**
 * Sound that was never had, on the 16 kHz grid.
 */
export interface GapNoted {
  type: "gap";
  session: string;
  leg: string;
  start: number;
  length: number;
  reason: string;
}
/**
 * A note on the time line: `restart`, `scoring stopped`, a sender's own.
 */
export interface Mark {
  type: "mark";
  session: string;
  name: string;
  at: number;
}
/**
 * Something is broken, or works again (`active` false).
 */
export interface Fault {
  type: "fault";
  code: string;
  message: string;
  way_out: string;
  active: boolean;
  session: string;
}
/**
 * The engine and the queues, once a second.
 */
export interface EngineStatus {
  type: "engine";
  model: string;
  version: string;
  provider: string;
  precision: string;
  loading: boolean;
  licence: string;
  licence_notice: string;
  commercial_use: boolean;
  hop_ms: number;
  windows: number;
  superseded: number;
  dropped: number;
  latency_p50_ms: number | null;
  latency_p95_ms: number | null;
  latency_p99_ms: number | null;
  sessions: number;
  max_sessions: number;
  way_up: string;
  score_agent: string;
}
/**
 * Everything a viewer needs at once: the first message of a live socket.
 */
export interface Snapshot {
  type: "snapshot";
  sessions: SessionSnapshot[];
  engine: EngineStatus | null;
  faults: Fault[];
  server_time_ns: number;
  labels: ("angry" | "disgusted" | "fearful" | "happy" | "neutral" | "other" | "sad" | "surprised" | "unknown")[];
}
/**
 * The newest state of one session.
 */
export interface SessionSnapshot {
  info: SessionInfo;
  legs: LegSnapshot[];
  episodes: Episode[];
  gaps: GapNoted[];
  marks: Mark[];
}
/**
 * The newest state of one leg, for a viewer who comes late.
 */
export interface LegSnapshot {
  leg: string;
  history: Points;
  provisional: Points;
  activity: Activity | null;
  speech: [number, number][];
  confusion: number | null;
  warming_up: boolean;
}
