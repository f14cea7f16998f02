import type {
  Activity,
  EngineStatus,
  Episode,
  Fault,
  GapNoted,
  LegInfo,
  Mark,
  Points,
  SessionInfo,
} from "../generated/events";
import type { Columns, Label, Spans } from "./columns";

/** What the page knows of one leg. */
export interface Leg {
  info: LegInfo;
  columns: Columns;
  /** The end that may still change; replaced by each message. */
  provisional: Points | null;
  activity: Activity | null;
  speech: Spans;
  confusion: number | null;
  warmingUp: boolean;
  /** Newest emotion that is settled, and the frame since when. */
  emotion: { label: Label; confidence: number; frame: number; since: number } | null;
  /** Newest frame heard, and the page's time (ms) at which it was told. */
  heard: number;
  heardAt: number;
}

/** What the page knows of one call. */
export interface Session {
  info: SessionInfo;
  legs: ReadonlyMap<string, Leg>;
  episodes: readonly Episode[];
  gaps: readonly GapNoted[];
  marks: readonly Mark[];
}

export type Link = "connecting" | "live" | "lost";

/** Everything the page shows. Replaced, never edited; only the columns grow in place. */
export interface World {
  link: Link;
  /** Whether a snapshot has ever come; before it nothing is known. */
  known: boolean;
  sessions: ReadonlyMap<string, Session>;
  engine: EngineStatus | null;
  faults: readonly Fault[];
  /** Server's UTC minus the page's, ms. */
  clockOffset: number;
  /** Newest latencies from microphone to this page, ms; a ring, oldest overwritten. */
  latencies: readonly number[];
}

export const EMPTY: World = {
  link: "connecting",
  known: false,
  sessions: new Map(),
  engine: null,
  faults: [],
  clockOffset: 0,
  latencies: [],
};
