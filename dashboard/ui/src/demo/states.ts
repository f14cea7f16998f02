/** Each state that the page can be in, by name: `/demo?state=paused#/calls/c1`. */
import type { EngineStatus, Fault, SessionInfo } from "../generated/events";
import type { MicrophoneState } from "../microphone/microphone";
import recorded from "./recorded.json";
import type { Plan } from "./script";

export interface Scenario {
  plans: Plan[];
  engine: Partial<EngineStatus>;
  faults: Fault[];
  microphone: MicrophoneState;
  /** Seconds that have passed already. */
  passed: number;
  /** What happens to the link after a while. */
  link: "live" | "lost" | "recovered" | "connecting";
}

const MOST_STATES = [
  "calls",
  "empty",
  "one",
  "forty",
  "many",
  "names",
  "loading",
  "warming",
  "silence",
  "agent",
  "poor",
  "paused",
  "stopped",
  "no-notice",
  "agents-scored",
  "disk",
  "engine",
  "lost",
  "recovered",
  "restarted",
  "connecting",
  "mic-on",
  "mic-refused",
  "mic-missing",
  "mic-unplugged",
] as const;
export type StateName = (typeof MOST_STATES)[number];

export function stateNamed(name: string | null): StateName {
  return MOST_STATES.find((known) => known === name) ?? "calls";
}

function info(i: number, passed: number, names: readonly string[]): SessionInfo {
  return {
    id: `c${i + 1}`,
    name: names[i % names.length]! + (i < names.length ? "" : ` ${1 + Math.floor(i / names.length)}`),
    state: "live",
    source: i % 3 === 2 ? "demo" : "ingest",
    started_at: new Date(Date.now() - passed * 1000).toISOString(),
    legs: [
      { name: "customer", role: "customer", scored: true, reason: "" },
      { name: "agent", role: "agent", scored: false, reason: "agents are not scored" },
    ],
    scoring: true,
    scoring_reason: "",
    notice: {
      method: "spoken",
      text: "This call is analysed for emotion in the voice.",
      language: "en",
      version: "1",
      at: "",
      set_by: "",
    },
    folder: "",
    call_id: "",
    context: i === 0 ? recorded.context.text : "",
    scene: i === 0 ? recorded.context.scene : null,
    pace: "live",
    ended_at: "",
    hop_ms: 240,
  };
}

function plans(n: number, passed: number, names: readonly string[] = recorded.names): Plan[] {
  return Array.from({ length: n }, (_, i) => ({
    info: info(i, passed + i * 7, names),
    seed: 11 + i * 5,
    calm: i % 5 > 1,
  }));
}

/** The first call changed, the others as they are. */
function first(all: Plan[], change: Partial<SessionInfo>, more: Partial<Plan> = {}): Plan[] {
  return all.map((plan, i) =>
    i === 0 ? { ...plan, ...more, info: { ...plan.info, ...change } } : plan,
  );
}

const CALM: Omit<Scenario, "plans"> = {
  engine: {},
  faults: [],
  microphone: { kind: "off" },
  passed: 75,
  link: "live",
};

function fault(code: string, message: string, way_out: string): Fault {
  return { type: "fault", code, message, way_out, active: true, session: "" };
}

/** What a state looks like. */
export function scenario(name: StateName): Scenario {
  const base: Scenario = { ...CALM, plans: plans(5, CALM.passed) };
  const changes: Record<StateName, () => Partial<Scenario>> = {
    calls: () => ({}),
    empty: () => ({ plans: [] }),
    one: () => ({ plans: plans(1, CALM.passed) }),
    forty: () => ({ plans: plans(40, CALM.passed) }),
    many: () => ({ plans: plans(200, CALM.passed) }),
    names: () => ({ plans: plans(5, CALM.passed, recorded.odd_names) }),
    loading: () => ({
      engine: { loading: true, provider: "" },
      plans: first(plans(1, 4), { scoring: false, scoring_reason: "the model is loading" }),
    }),
    warming: () => ({ plans: plans(1, 0.6).map((plan) => ({ ...plan, seed: 34 })), passed: 0.6 }),
    silence: () => ({ plans: first(base.plans, {}, { onlyFrom: { second: 15, role: "" } }) }),
    agent: () => ({ plans: first(base.plans, {}, { onlyFrom: { second: 15, role: "agent" } }) }),
    poor: () => ({ plans: first(base.plans, {}, { poor: "noise is as loud as the voice" }) }),
    paused: () => ({ plans: first(base.plans, { state: "paused" }) }),
    stopped: () => ({
      plans: first(base.plans, { scoring: false, scoring_reason: "stopped on the page" }),
    }),
    "no-notice": () => ({
      plans: first(base.plans, { scoring: false, scoring_reason: "no notice", notice: null }),
    }),
    "agents-scored": () => ({
      engine: { score_agent: "Switched on by R. Smith: own training. Not for use in the EU." },
    }),
    disk: () => ({
      faults: [
        fault("disk", "The disk is full: nothing is kept; monitoring goes on.", "Free some space."),
      ],
    }),
    engine: () => ({
      faults: [
        fault("engine", "The model stopped: curves stand still; calls are recorded.", "Restart."),
      ],
    }),
    lost: () => ({ link: "lost" }),
    recovered: () => ({ link: "recovered" }),
    restarted: () => ({
      plans: first(base.plans, {}, { gap: { second: 58, seconds: 6.4 } }),
      link: "recovered",
    }),
    connecting: () => ({ link: "connecting" }),
    "mic-on": () => ({ microphone: { kind: "sending", session: "c1", behind: false } }),
    "mic-refused": () => ({ plans: [], microphone: { kind: "failed", why: "refused" } }),
    "mic-missing": () => ({ plans: [], microphone: { kind: "failed", why: "missing" } }),
    "mic-unplugged": () => ({ plans: [], microphone: { kind: "failed", why: "unplugged" } }),
  };
  return { ...base, ...changes[name]() };
}

export const ENGINE: EngineStatus = {
  type: "engine",
  model: "compact",
  version: "1",
  provider: "CPUExecutionProvider",
  precision: "int8",
  loading: false,
  licence: "CC BY-NC-SA 4.0",
  licence_notice: "Trained on acted speech that may be used for research only.",
  commercial_use: false,
  hop_ms: 240,
  windows: 0,
  superseded: 0,
  dropped: 0,
  latency_p50_ms: 112,
  latency_p95_ms: 168,
  latency_p99_ms: 190,
  sessions: 5,
  max_sessions: 64,
  way_up: "",
  decision_off: "",
  score_agent: "",
};
