/**
 * Messages to state: `reduce(world, input) -> world`. No clock, no socket, no drawing: the time at
 * which a message arrived is part of the input.
 */
import type {
  Activity,
  Episode,
  Fault,
  LegInfo,
  LegSnapshot,
  Readings,
  SessionInfo,
  SessionSnapshot,
  Snapshot,
  Wire,
} from "../generated/events";
import { CONFIDENCE, Columns, EMOTION, LABELS, Spans } from "./columns";
import type { Leg, Link, Session, World } from "./world";

export type Input =
  | { kind: "wire"; at: number; message: Wire }
  | { kind: "link"; link: Link }
  | { kind: "clock"; offset: number };

const LATENCIES = 240;

export function reduce(world: World, input: Input): World {
  switch (input.kind) {
    case "link":
      return { ...world, link: input.link };
    case "clock":
      return { ...world, clockOffset: input.offset };
    case "wire":
      return applied(world, input.message, input.at);
  }
}

function applied(world: World, message: Wire, at: number): World {
  switch (message.type) {
    case "snapshot":
      return fromSnapshot(world, message, at);
    case "readings":
      return withLatency(
        inLeg(world, message.session, message.leg, (leg) => read(leg, message)),
        at + world.clockOffset - message.captured_at_ns / 1e6,
      );
    case "activity":
      return inLeg(world, message.session, message.leg, (leg) => heard(leg, message, at));
    case "episode":
      return inSession(world, message.session, (session) => ({
        ...session,
        episodes: replaced(session.episodes, message.episode),
      }));
    case "gap":
      return inSession(world, message.session, (session) => ({
        ...session,
        gaps: [...session.gaps, message],
      }));
    case "mark":
      return inSession(world, message.session, (session) => ({
        ...(message.name === ERASED ? unscored(session) : session),
        marks: [...session.marks, message],
      }));
    case "session":
      return withSession(world, changed(world.sessions.get(message.session.id), message.session));
    case "deleted":
      return without(world, message.session);
    case "fault":
      return { ...world, faults: faultsWith(world.faults, message) };
    case "engine":
      return { ...world, engine: message };
  }
}

/** A mark's name: from here back nothing is known of the voices any more. */
const ERASED = "scores erased";

function unscored(session: Session): Session {
  const legs = [...session.legs].map(([name, leg]): [string, Leg] => [
    name,
    { ...leg, columns: new Columns(), provisional: null, confusion: null, emotion: null },
  ]);
  return { ...session, legs: new Map(legs), episodes: [] };
}

function fromSnapshot(world: World, snapshot: Snapshot, at: number): World {
  const told = snapshot.sessions.map((session) => {
    const before = world.sessions.get(session.info.id);
    return [session.info.id, sessionOf(session, before, at)] as const;
  });
  return {
    ...world,
    known: true,
    sessions: new Map(told),
    engine: snapshot.engine,
    faults: snapshot.faults,
  };
}

function sessionOf(told: SessionSnapshot, before: Session | undefined, at: number): Session {
  const legs = new Map<string, Leg>();
  for (const info of told.info.legs) {
    const leg = told.legs.find((candidate) => candidate.leg === info.name);
    const known = before?.legs.get(info.name);
    legs.set(info.name, leg ? legOf(info, leg, known, at) : (known ?? emptyLeg(info)));
  }
  return { info: told.info, legs, episodes: told.episodes, gaps: told.gaps, marks: told.marks };
}

/** The page may know more of the past than a snapshot tells: its own columns are kept and added to. */
function legOf(info: LegInfo, told: LegSnapshot, known: Leg | undefined, at: number): Leg {
  const leg = known ?? emptyLeg(info);
  leg.columns.write(told.history);
  leg.speech.add(told.speech);
  const told_at = told.activity?.stop_frame ?? leg.columns.stop;
  return newest({
    ...leg,
    info,
    provisional: told.provisional,
    activity: told.activity,
    confusion: told.confusion,
    warmingUp: told.warming_up,
    heard: Math.max(told_at, leg.columns.stop),
    heardAt: at,
  });
}

export function emptyLeg(info: LegInfo): Leg {
  return {
    info,
    columns: new Columns(),
    provisional: null,
    activity: null,
    speech: new Spans(),
    confusion: null,
    warmingUp: true,
    emotion: null,
    heard: 0,
    heardAt: 0,
  };
}

function changed(session: Session | undefined, info: SessionInfo): Session {
  const legs = new Map<string, Leg>();
  for (const leg of info.legs) {
    const known = session?.legs.get(leg.name);
    legs.set(leg.name, known ? { ...known, info: leg } : emptyLeg(leg));
  }
  const { episodes = [], gaps = [], marks = [] } = session ?? {};
  return { info, legs, episodes, gaps, marks };
}

function read(leg: Leg, readings: Readings): Leg {
  leg.columns.write(readings.settled);
  return newest({
    ...leg,
    provisional: readings.provisional,
    confusion: readings.confusion,
    warmingUp: readings.warming_up,
  });
}

function heard(leg: Leg, activity: Activity, at: number): Leg {
  leg.speech.add(activity.speech);
  return { ...leg, activity, heard: activity.stop_frame, heardAt: at };
}

/** Take over the newest settled emotion; "since" stays while the word stays. */
function newest(leg: Leg): Leg {
  const { columns } = leg;
  const oldest = Math.max(0, columns.length - 250);
  for (let point = columns.length - 1; point >= oldest; point--) {
    const index = columns.at(EMOTION, point);
    if (Number.isNaN(index)) continue;
    const label = LABELS[index]!;
    const frame = columns.frameOf(point);
    const since = leg.emotion?.label === label ? leg.emotion.since : beginning(columns, point);
    return { ...leg, emotion: { label, confidence: columns.at(CONFIDENCE, point), frame, since } };
  }
  return leg;
}

function beginning(columns: Columns, point: number): number {
  const label = columns.at(EMOTION, point);
  let first = point;
  for (let i = point - 1; i >= 0; i--) {
    const here = columns.at(EMOTION, i);
    if (here === label) first = i;
    else if (!Number.isNaN(here)) break;
  }
  return columns.frameOf(first);
}

function replaced(episodes: readonly Episode[], episode: Episode): Episode[] {
  const others = episodes.filter((other) => other.id !== episode.id);
  return [...others, episode].sort((a, b) => a.start - b.start);
}

function faultsWith(faults: readonly Fault[], fault: Fault): Fault[] {
  const others = faults.filter(
    (other) => other.code !== fault.code || other.session !== fault.session,
  );
  return fault.active ? [...others, fault] : others;
}

function inSession(world: World, id: string, change: (session: Session) => Session): World {
  const session = world.sessions.get(id);
  return session ? withSession(world, change(session)) : world;
}

function inLeg(world: World, id: string, name: string, change: (leg: Leg) => Leg): World {
  return inSession(world, id, (session) => {
    const leg = session.legs.get(name);
    if (!leg) return session;
    return { ...session, legs: new Map(session.legs).set(name, change(leg)) };
  });
}

function withSession(world: World, session: Session): World {
  return { ...world, sessions: new Map(world.sessions).set(session.info.id, session) };
}

function without(world: World, id: string): World {
  const sessions = new Map(world.sessions);
  sessions.delete(id);
  return { ...world, sessions, faults: world.faults.filter((fault) => fault.session !== id) };
}

function withLatency(world: World, latency: number): World {
  return { ...world, latencies: [...world.latencies.slice(1 - LATENCIES), latency] };
}
