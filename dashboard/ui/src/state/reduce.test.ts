import { describe, expect, test } from "vitest";
import type { Episode, Points, SessionInfo, Snapshot } from "../generated/events";
import { Columns, FEARFUL, LABELS, Spans } from "./columns";
import { ordered, quantile, saying } from "./look";
import { reduce } from "./reduce";
import { EMPTY, type World } from "./world";

const LEG = { name: "customer", role: "customer", scored: true, reason: "" } as const;

function info(id: string, start: number): SessionInfo {
  return {
    id,
    name: id,
    state: "live",
    source: "ingest",
    started_at: new Date(start).toISOString(),
    legs: [LEG],
    scoring: true,
    scoring_reason: "",
    notice: null,
    folder: "",
    call_id: "",
    context: "",
    scene: null,
    pace: "live",
    ended_at: "",
    hop_ms: 240,
  };
}

function points(start: number, ...labels: (number | null)[]): Points {
  return {
    start,
    step: 4,
    scores: labels.map((label) =>
      label === null ? null : LABELS.map((_, i) => (i === label ? 0.92 : 0.01)),
    ),
    fear: labels.map((label) => (label === null ? null : 50)),
    disgust: labels.map((label) => (label === null ? null : 20)),
    emotion: labels.map((label) => (label === null ? null : LABELS[label]!)),
    confidence: labels.map((label) => (label === null ? null : 0.92)),
  };
}

const NONE = points(0);

function snapshot(...infos: SessionInfo[]): Snapshot {
  return {
    type: "snapshot",
    sessions: infos.map((one) => ({ info: one, legs: [], episodes: [], gaps: [], marks: [] })),
    engine: null,
    faults: [],
    server_time_ns: 0,
    labels: [],
  };
}

function told(world: World, ...messages: Parameters<typeof wire>[1][]): World {
  return messages.reduce((before, message) => wire(before, message), world);
}

function wire(world: World, message: Extract<Parameters<typeof reduce>[1], { kind: "wire" }>["message"]) {
  return reduce(world, { kind: "wire", at: 1000, message });
}

function readings(settled: Points) {
  return {
    type: "readings",
    session: "a",
    leg: "customer",
    settled,
    provisional: NONE,
    confusion: null,
    warming_up: false,
    captured_at_ns: 900e6,
    emitted_at_ns: 950e6,
    latency_ms: 50,
  } as const;
}

function episode(id: string, start: number): Episode {
  return {
    id,
    leg: "customer",
    kind: "needs_review",
    state: "open",
    start,
    end: start + 10,
    peak: start,
    fear: 60,
    disgust: 50,
    reason_en: "",
    reason_zh: "",
    focus_fear: null,
    focus_disgust: null,
    crossing: null,
    evidence: [],
    tie_break: null,
    enhanced: false,
    floor_rise: 0,
  };
}

function flag(session: string, id: string, start: number) {
  return { type: "episode", session, episode: episode(id, start), captured_at_ns: 0 } as const;
}

describe("columns", () => {
  test("silence and frames that were never told are holes", () => {
    const columns = new Columns();
    columns.write(points(0, FEARFUL, null));
    columns.write(points(16, FEARFUL));
    expect([0, 1, 2, 3, 4].map((i) => Number.isNaN(columns.at(FEARFUL, i)))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
    expect(columns.stop).toBe(20);
  });

  test("points that come twice are the same points", () => {
    const columns = new Columns();
    columns.write(points(0, 1, 1, 1));
    columns.write(points(4, 2, 2, 2));
    expect(columns.length).toBe(4);
    expect(columns.at(2, 1)).toBeCloseTo(0.92);
  });

  test("a long call lets its oldest half go and keeps positions", () => {
    const columns = new Columns(100);
    for (let i = 0; i < 130; i++) columns.write(points(i * 4, i % 2));
    expect(columns.length).toBeLessThanOrEqual(100);
    expect(columns.stop).toBe(130 * 4);
    for (let point = 0; point < columns.length; point++) {
      const label = (columns.frameOf(point) / 4) % 2;
      expect(columns.at(label, point)).toBeCloseTo(0.92);
    }
  });

  test("neighbouring stretches are one", () => {
    const spans = new Spans();
    spans.add([[0, 10]]);
    spans.add([
      [10, 20],
      [30, 40],
    ]);
    expect(spans.list).toEqual([
      [0, 20],
      [30, 40],
    ]);
    expect(spans.from(20)).toBe(1);
  });
});

describe("reduce", () => {
  const start = wire(EMPTY, snapshot(info("a", 0)));

  test("readings move the curve and the word, and tell how late they are", () => {
    const world = told(start, readings(points(0, 4, 4)), readings(points(8, 2, 2, null)));
    const leg = world.sessions.get("a")!.legs.get("customer")!;
    expect(leg.columns.length).toBe(5);
    expect(leg.emotion).toMatchObject({ label: "fearful", frame: 12, since: 8 });
    expect(world.latencies).toEqual([100, 100]);
  });

  test("a new snapshot keeps the past that the page already knows", () => {
    const before = told(start, readings(points(0, 4, 4, 4)));
    const late = snapshot(info("a", 0));
    late.sessions[0]!.legs = [
      {
        leg: "customer",
        history: points(8, 2, 2),
        provisional: NONE,
        activity: null,
        speech: [[0, 16]],
        confusion: null,
        warming_up: false,
      },
    ];
    const leg = wire(before, late).sessions.get("a")!.legs.get("customer")!;
    expect(leg.columns.at(4, 0)).toBeCloseTo(0.92);
    expect(leg.columns.at(2, 3)).toBeCloseTo(0.92);
  });

  test("messages of a session that is not known change nothing", () => {
    expect(wire(EMPTY, flag("b", "e1", 0))).toBe(EMPTY);
  });

  test("an episode is replaced, a deleted session is gone", () => {
    const two = told(start, flag("a", "e1", 0), flag("a", "e1", 0), flag("a", "e2", 50));
    expect(two.sessions.get("a")!.episodes.map((one) => one.id)).toEqual(["e1", "e2"]);
    expect(wire(two, { type: "deleted", session: "a" }).sessions.size).toBe(0);
  });

  test("erased scores are gone from the page, too", () => {
    const mark = { type: "mark", session: "a", name: "scores erased", at: 0 } as const;
    const read = told(start, flag("a", "e1", 0));
    const erased = wire(read, mark).sessions.get("a")!;
    expect(erased.episodes).toEqual([]);
    expect([...erased.legs.values()].map((leg) => leg.columns.length)).toEqual(
      [...erased.legs.values()].map(() => 0),
    );
  });

  test("a fault goes when it is over", () => {
    const fault = {
      type: "fault",
      code: "disk",
      message: "full",
      way_out: "",
      active: true,
      session: "",
    } as const;
    const broken = told(start, fault, fault);
    expect(broken.faults).toHaveLength(1);
    expect(wire(broken, { ...fault, active: false }).faults).toHaveLength(0);
  });

  test("a session without a notice is said to be recorded, not scored", () => {
    const silent = { ...info("a", 0), scoring: false };
    const world = wire(start, { type: "session", session: silent });
    expect(saying(world.sessions.get("a")!)).toEqual({ kind: "not-scored" });
  });
});

describe("order", () => {
  test("the oldest flag is on top, calls without one follow by their start", () => {
    const world = told(
      wire(EMPTY, snapshot(info("a", 0), info("b", 10), info("c", 20), info("d", 5))),
      flag("c", "e1", 100),
      flag("b", "e1", 500),
    );
    expect(ordered(world).map((call) => call.info.id)).toEqual(["c", "b", "a", "d"]);
  });

  test("calls that have ended are not on", () => {
    const over = { ...info("a", 0), state: "ended" as const };
    expect(ordered(wire(EMPTY, snapshot(over)))).toEqual([]);
  });
});

test("a quantile of nothing is nothing", () => {
  expect(quantile([], 0.5)).toBeNull();
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
});
