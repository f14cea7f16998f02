// Made from schema.json by `npm run types`; not written by hand.

export type Wire =
  | (Readings | Activity | EpisodeChanged | SessionChanged | SessionDeleted | GapNoted | Mark | Fault | EngineStatus)
  | Snapshot;

export interface Everything {
  Activity: Activity;
  Agreement: Agreement;
  Among: Among;
  Begun: Begun;
  Count: Count;
  Curves: Curves;
  Day: Day;
  Done: Done;
  EngineStatus: EngineStatus;
  Episode: Episode;
  EpisodeChanged: EpisodeChanged;
  ErrorAnswer: ErrorAnswer;
  ErrorText: ErrorText;
  Evidence: Evidence;
  Fault: Fault;
  Focus: Focus;
  Found: Found;
  GapNoted: GapNoted;
  Health: Health;
  Hint: Hint;
  Kept: Kept;
  LegInfo: LegInfo;
  LegSnapshot: LegSnapshot;
  LegSpeech: LegSpeech;
  Mark: Mark;
  Notice: Notice;
  NoticeText: NoticeText;
  Points: Points;
  Pong: Pong;
  Problem: Problem;
  Readings: Readings;
  Receipt: Receipt;
  ReviewAnswer: ReviewAnswer;
  ReviewItem: ReviewItem;
  ReviewQueue: ReviewQueue;
  ReviewVote: ReviewVote;
  ReviewVoted: ReviewVoted;
  Scene: Scene;
  SessionChanged: SessionChanged;
  SessionDeleted: SessionDeleted;
  SessionInfo: SessionInfo;
  SessionSnapshot: SessionSnapshot;
  SettingsInForce: SettingsInForce;
  Snapshot: Snapshot;
  StoredSession: StoredSession;
  TieBreak: TieBreak;
  WithModel: WithModel;
  Wire: Wire;
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
  trust: number;
}
/**
 * Everything that is known of agreement. Votes that were not blind or not sure do not count.
 */
export interface Agreement {
  reviewers: Among;
  model: WithModel;
  over_time: Day[];
}
/**
 * Agreement among reviewers.
 */
export interface Among {
  alpha: number | null;
  pairs: number;
  flags: number;
}
/**
 * Agreement of the model with the reviewers.
 */
export interface WithModel {
  agree: number;
  decided: number;
  by_kind: {
    [k: string]: Count;
  };
}
/**
 * How often the model said what the reviewers decided.
 */
export interface Count {
  agree: number;
  decided: number;
}
/**
 * One day's decisions.
 */
export interface Day {
  day: string;
  decided: number;
  model_agrees: number;
}
/**
 * A session has begun.
 */
export interface Begun {
  session: string;
  info: SessionInfo;
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
  scene: Scene | null;
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
 * What context and profile changed in the decision of a session. Raw scores are untouched.
 */
export interface Scene {
  profile: string;
  version: string;
  thresholds: {
    [k: string]: number;
  };
  hints: Hint[];
  shifts: {
    [k: string]: number;
  };
}
/**
 * A word found in a session's context, and what it adds.
 */
export interface Hint {
  scene: string;
  word: string;
  shifts: {
    [k: string]: number;
  };
}
/**
 * A leg's settled curves around a flag; null where there was no reading.
 */
export interface Curves {
  start_frame: number;
  frame_rate: number;
  emotions: {
    [k: string]: (number | null)[];
  };
  fear: (number | null)[];
  disgust: (number | null)[];
}
/**
 * An order was carried out.
 */
export interface Done {
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
  decision_off: "" | "settings" | "model";
  score_agent: string;
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
  evidence: Evidence[];
  tie_break: TieBreak | null;
  enhanced: boolean;
  floor_rise: number;
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
 * One thing measured of the voice in a flagged span; it never changes a score.
 */
export interface Evidence {
  kind: "pitch" | "melody" | "high_band" | "rhythm";
  direction: "higher" | "lower" | "usual" | "no_baseline" | "not_measurable";
  value: number | null;
  baseline: number | null;
  unit: "Hz" | "semitones" | "dB" | "syllables/s";
  supports: "" | "fearful" | "disgusted" | "both";
  words_en: string;
  words_zh: string;
}
/**
 * What the model's centres say of a flag whose two scores are close. It names, never clears.
 */
export interface TieBreak {
  start: number;
  end: number;
  fear: number;
  disgust: number;
  similarity: number;
  fear_enhanced: number;
  disgust_enhanced: number;
  centres: string;
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
 * The one shape of every error.
 */
export interface ErrorAnswer {
  error: ErrorText;
}
/**
 * What is wrong, and what to do about it.
 */
export interface ErrorText {
  code: string;
  message: string;
  way_out: string;
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
 * One page of a search, newest first.
 */
export interface Found {
  sessions: StoredSession[];
  total: number;
  page: number;
  page_size: number;
}
/**
 * A session in the index.
 */
export interface StoredSession {
  id: string;
  folder: string;
  name: string;
  call_id: string;
  source: string;
  state: string;
  started_at: string;
  ended_at: string;
  scoring: boolean;
  duration_s: number | null;
  emotion: string | null;
  confidence: number | null;
  flags: number;
  audio: boolean;
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
 * Whether the monitor works, and on what.
 */
export interface Health {
  status: string;
  loading: boolean;
  model: string;
  provider: string;
  sessions: number;
  faults: Problem[];
}
/**
 * Something is broken; sessions are counted, not named.
 */
export interface Problem {
  code: string;
  message: string;
  sessions: number;
}
/**
 * One session, live or past.
 */
export interface Kept {
  session: StoredSession | null;
  info: SessionInfo;
  episodes: Episode[];
  result: {
    [k: string]: unknown;
  } | null;
  speech: LegSpeech[];
}
/**
 * When a leg spoke; no emotion in it.
 */
export interface LegSpeech {
  leg: string;
  role: "customer" | "agent" | "mix" | "other";
  spans: [number, number][];
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
 * A note on the time line: `restart`, `scoring stopped`, `scoring started`, a sender's own.
 */
export interface Mark {
  type: "mark";
  session: string;
  name: string;
  at: number;
}
/**
 * What people are told before their voice is analysed.
 */
export interface NoticeText {
  text: string;
}
/**
 * Answer to a viewer's ping on the live socket: the server's clock.
 */
export interface Pong {
  v: number;
  type: string;
  t: {
    [k: string]: unknown;
  };
  server_ns: number;
}
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
 * What was deleted, when, by whom and why; never the content.
 */
export interface Receipt {
  receipt: string;
  at: string;
  who: string;
  reason: string;
  session: string;
  folder: string;
  call_id: string;
  files: string[];
}
/**
 * What the model says of a flag, and everybody who has voted.
 */
export interface ReviewAnswer {
  episode: Episode;
  frames: Curves;
  votes: ReviewVote[];
}
/**
 * A vote that counts.
 */
export interface ReviewVote {
  reviewer: string;
  label: "fearful" | "disgusted" | "both" | "neither" | "unsure";
  note: string;
  at: string;
  blind: boolean;
}
/**
 * A flag in the queue. Nothing in it tells what the model thinks before it is decided.
 */
export interface ReviewItem {
  session: string;
  session_name: string;
  episode: string;
  leg: string;
  kind: ("lost_to_neutral" | "needs_review" | "dual") | null;
  start_s: number;
  end_s: number;
  sound_start_s: number;
  at: string;
  state: "waiting" | "claimed" | "decided" | "second";
  urgency: number;
  claimed_by: string | null;
  claimed_until: string | null;
  votes: number;
  second_wanted: boolean;
  outcome: ("fearful" | "disgusted" | "both" | "neither" | "unsure") | null;
  sound: boolean;
}
/**
 * Flags in one state, the most urgent first.
 */
export interface ReviewQueue {
  waiting: number;
  oldest_at: string | null;
  items: ReviewItem[];
}
/**
 * A vote was taken.
 */
export interface ReviewVoted {
  item: ReviewItem;
  answer: ReviewAnswer;
}
/**
 * A session began, was renamed, paused, stopped scoring or ended; carries all of it.
 */
export interface SessionChanged {
  type: "session";
  session: SessionInfo;
}
/**
 * A session's folder was deleted.
 */
export interface SessionDeleted {
  type: "deleted";
  session: string;
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
 * The settings that the server runs with, secrets hidden.
 */
export interface SettingsInForce {
  server: {
    [k: string]: unknown;
  };
  stream: {
    [k: string]: unknown;
  };
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
