/** A made-up call, told as the server would tell it: the same words on the wire, no server. */
import type {
  Activity,
  Episode,
  Evidence,
  GapNoted,
  LegSnapshot,
  Points,
  Readings,
  SessionInfo,
  SessionSnapshot,
  Wire,
} from "../generated/events";
import { DISGUSTED, FEARFUL, LABELS, type Label } from "../state/columns";
import recorded from "./recorded.json";

const STEP = 4;
const HOP = 12;
const SETTLE = 24;

interface Turn {
  role: string;
  seconds: number;
  logits?: number[];
}

export interface Plan {
  info: SessionInfo;
  seed: number;
  /** Only silence, or only the agent, from this second on. */
  onlyFrom?: { second: number; role: "" | "agent" };
  poor?: string;
  /** No server ran. */
  gap?: { second: number; seconds: number };
  /** Neither fear nor disgust comes up. */
  calm?: boolean;
}

interface Point {
  scores: number[] | null;
  fear: number | null;
  disgust: number | null;
  emotion: Label | null;
  confidence: number | null;
}

/** Numbers that look random and are the same each time (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export class ScriptedCall {
  readonly plan: Plan;
  private readonly random: () => number;
  private readonly turns: readonly Turn[];
  private points: Point[] = [];
  private logits: number[] = [0, 0, 0, 0, 1.5, -1, 0, 0, -4];
  private drift: number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  private speech: Record<string, [number, number][]> = { customer: [], agent: [] };
  private talked: Record<string, number> = { customer: 0, agent: 0 };
  private episodes: Episode[] = [];
  private speaker = "";

  constructor(plan: Plan) {
    this.plan = plan;
    this.random = numbers(plan.seed);
    const shift = plan.seed % recorded.turns.length;
    this.turns = [...recorded.turns.slice(shift), ...recorded.turns.slice(0, shift)];
  }

  get frame(): number {
    return this.points.length * STEP;
  }

  /** Everything up to a frame, as messages. */
  advance(frame: number, now: number, scoring = this.plan.info.scoring): Wire[] {
    const told: Wire[] = [];
    while (this.frame + HOP <= frame) {
      const known = mapped(this.speech, (spans) => spans.length);
      const changed = [this.step(), this.step(), this.step()].flat();
      for (const { name } of this.plan.info.legs) {
        const fresh = this.speech[name]?.slice(known[name]) ?? [];
        told.push({ type: "activity", ...this.activity(name, fresh) });
      }
      if (!scoring) continue;
      told.push(this.readings(now));
      for (const episode of changed) {
        told.push({
          type: "episode",
          session: this.plan.info.id,
          episode,
          captured_at_ns: now * 1e6,
        });
      }
    }
    return told;
  }

  snapshot(): SessionSnapshot {
    const legs = this.plan.info.legs.map(({ name, scored }): LegSnapshot => {
      const told = scored && this.plan.info.scoring;
      return {
        leg: name,
        history: told ? this.columns(0, this.settledStop()) : empty(),
        provisional: told ? this.columns(this.settledStop(), this.points.length) : empty(),
        activity:
          this.points.length > 0 ? { type: "activity", ...this.activity(name, []) } : null,
        speech: this.speech[name] ?? [],
        confusion: told ? this.confusion() : null,
        warming_up: this.points.length < 20,
      };
    });
    const { info } = this.plan;
    return { info, legs, episodes: this.episodes, gaps: this.gaps(), marks: [] };
  }

  private gaps(): GapNoted[] {
    const { gap, info } = this.plan;
    if (!gap) return [];
    const [start, length] = [gap.second * 16_000, gap.seconds * 16_000];
    const reason = "the server was restarted";
    return info.legs.map(({ name }) => {
      return { type: "gap", session: info.id, leg: name, start, length, reason };
    });
  }

  history(): Points {
    return this.columns(0, this.points.length);
  }

  private step(): Episode[] {
    const turn = this.turnAt(this.frame / 50);
    this.speaker = turn.role;
    const span: [number, number] = [this.frame, this.frame + STEP];
    if (turn.role) {
      this.speech[turn.role]?.push(span);
      this.talked[turn.role] = (this.talked[turn.role] ?? 0) + STEP / 50;
    }
    const target = turn.logits;
    if (turn.role !== "customer" || !target || this.plan.poor) {
      this.points.push({ scores: null, fear: null, disgust: null, emotion: null, confidence: null });
      return this.close();
    }
    this.drift = this.drift.map((value) => value * 0.93 + (this.random() - 0.5) * 0.22);
    this.logits = this.logits.map((value, i) => value + (target[i]! - value) * 0.06);
    const point = pointOf(this.logits.map((value, i) => value + this.drift[i]! + this.damping(i)));
    this.points.push(point);
    return this.watch(point);
  }

  private damping(label: number): number {
    return this.plan.calm && (label === FEARFUL || label === DISGUSTED) ? -2.2 : 0;
  }

  private turnAt(second: number): Turn {
    const { gap, onlyFrom } = this.plan;
    if (gap && second >= gap.second && second < gap.second + gap.seconds) {
      return { role: "", seconds: 1 };
    }
    if (onlyFrom && second >= onlyFrom.second) return { role: onlyFrom.role, seconds: 1 };
    const whole = this.turns.reduce((sum, turn) => sum + turn.seconds, 0);
    let left = second % whole;
    for (const turn of this.turns) {
      if (left < turn.seconds) return turn;
      left -= turn.seconds;
    }
    return this.turns[0]!;
  }

  /** Fear and disgust close together and both strong: an episode opens, moves on, closes. */
  private watch(point: Point): Episode[] {
    const [fear, disgust] = [point.fear!, point.disgust!];
    const strong = point.scores![FEARFUL]! + point.scores![DISGUSTED]! > 0.45;
    const doubtful = strong && Math.abs(fear - disgust) < 15;
    const open = this.episodes.at(-1);
    if (open?.state === "open") {
      if (!doubtful && this.frame - open.end > 25) return this.close();
      if (!doubtful) return [];
      return this.replace({ ...open, end: this.frame });
    }
    if (!doubtful) return [];
    const dual = fear > 60 && disgust > 60 && Math.abs(fear - disgust) < 5;
    const apart = Math.abs(fear - disgust).toFixed(1);
    const episode: Episode = {
      id: `e${this.episodes.length + 1}`,
      leg: "customer",
      kind: dual ? "dual" : "needs_review",
      state: "open",
      start: this.frame - STEP,
      end: this.frame,
      peak: this.frame,
      fear,
      disgust,
      reason_en: dual
        ? `The voice sounds both fearful and disgusted (${apart} points apart).`
        : `Cannot tell fear from disgust: only ${apart} points apart.`,
      reason_zh: dual
        ? `声音听起来既恐惧又厌恶（相差 ${apart} 点）。`
        : `无法区分恐惧与厌恶：仅相差 ${apart} 点。`,
      focus_fear: null,
      focus_disgust: null,
      crossing: null,
      evidence: [],
      tie_break: null,
      enhanced: false,
      floor_rise: 0,
    };
    this.episodes = [...this.episodes, episode];
    return [episode];
  }

  private close(): Episode[] {
    const open = this.episodes.at(-1);
    return open?.state === "open" && this.frame - open.end > 25
      ? this.replace({ ...open, state: "closed", evidence: recorded.evidence as Evidence[] })
      : [];
  }

  private replace(episode: Episode): Episode[] {
    this.episodes = [...this.episodes.slice(0, -1), episode];
    return [episode];
  }

  private settledStop(): number {
    return Math.max(0, this.points.length - SETTLE / STEP);
  }

  private confusion(): number | null {
    const point = this.points[this.settledStop()];
    if (!point?.scores) return null;
    const share = point.scores[FEARFUL]! + point.scores[DISGUSTED]!;
    return share > 0.25 ? Math.abs(point.fear! - point.disgust!) : null;
  }

  private readings(now: number): Readings {
    const stop = this.settledStop();
    return {
      type: "readings",
      session: this.plan.info.id,
      leg: "customer",
      settled: this.columns(Math.max(0, stop - HOP / STEP), stop),
      provisional: this.columns(stop, this.points.length),
      confusion: this.confusion(),
      warming_up: this.points.length < 20,
      captured_at_ns: (now - 90 - this.random() * 60) * 1e6,
      emitted_at_ns: now * 1e6,
      latency_ms: 90,
    };
  }

  private activity(leg: string, speech: [number, number][]): Omit<Activity, "type"> {
    const speaking = this.speaker === leg;
    const talk_s = this.talked[leg] ?? 0;
    const level = speaking ? -24 - 6 * this.random() : -58;
    return {
      session: this.plan.info.id,
      leg,
      stop_frame: this.frame,
      speech,
      speaking,
      talk_s,
      silence_s: this.frame / 50 - talk_s,
      overlap_s: 0,
      level_dbfs: level,
      peak_dbfs: level + 9,
      clipped: 0,
      bandwidth_hz: 7600,
      snr_db: this.plan.poor ? 2 : 26,
      poor: this.plan.poor ?? "",
      trust: 100,
    };
  }

  private columns(from: number, to: number): Points {
    const points = this.points.slice(from, to);
    return {
      start: from * STEP,
      step: STEP,
      scores: points.map((point) => point.scores),
      fear: points.map((point) => point.fear),
      disgust: points.map((point) => point.disgust),
      emotion: points.map((point) => point.emotion),
      confidence: points.map((point) => point.confidence),
    };
  }
}

function mapped<A, B>(table: Record<string, A>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [key, change(value)]));
}

function empty(): Points {
  return { start: 0, step: STEP, scores: [], fear: [], disgust: [], emotion: [], confidence: [] };
}

function pointOf(logits: readonly number[]): Point {
  const powers = logits.map((value) => Math.exp(value));
  const sum = powers.reduce((a, b) => a + b, 0);
  const scores = powers.map((power) => power / sum);
  const [fear, disgust] = [scores[FEARFUL]!, scores[DISGUSTED]!];
  const confidence = Math.max(...scores);
  return {
    scores,
    fear: (100 * fear) / (1 - disgust),
    disgust: (100 * disgust) / (1 - fear),
    emotion: confidence < 0.35 ? "unknown" : LABELS[scores.indexOf(confidence)]!,
    confidence,
  };
}
