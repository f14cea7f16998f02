/** Questions to the state, without a screen. */
import { FRAMES_PER_SECOND, type Label } from "./columns";
import type { Leg, Session, World } from "./world";

/** The leg whose emotion is read: the customer's, else any scored one. */
export function scoredLeg(session: Session): Leg | undefined {
  const legs = [...session.legs.values()];
  return (
    legs.find((leg) => leg.info.role === "customer" && leg.info.scored) ??
    legs.find((leg) => leg.info.scored) ??
    legs.find((leg) => leg.info.role === "customer")
  );
}

export function isOn(session: Session): boolean {
  return session.info.state === "live" || session.info.state === "paused";
}

/** Server's UTC now, ms. */
export function serverNow(world: World): number {
  return Date.now() + world.clockOffset;
}

/** When a frame of a session was spoken, UTC ms. */
export function frameTime(session: Session, frame: number): number {
  return Date.parse(session.info.started_at) + (frame * 1000) / FRAMES_PER_SECOND;
}

/** UTC ms of the oldest flag; Infinity without one. */
export function oldestFlag(session: Session): number {
  return session.episodes.length === 0
    ? Infinity
    : Math.min(...session.episodes.map((episode) => frameTime(session, episode.start)));
}

/** Calls that are on: those with a flag first, the oldest flag on top; the others by start. */
export function ordered(world: World): Session[] {
  const key = (session: Session) =>
    [oldestFlag(session), Date.parse(session.info.started_at)] as const;
  return [...world.sessions.values()].filter(isOn).sort((a, b) => {
    const [flagA, startA] = key(a);
    const [flagB, startB] = key(b);
    if (flagA !== flagB) return flagA < flagB ? -1 : 1;
    return startA - startB || a.info.id.localeCompare(b.info.id);
  });
}

/** What can be said of a call right now. */
export type Saying =
  | { kind: "emotion"; label: Label; confidence: number; seconds: number }
  | { kind: "not-scored" | "stopped" | "paused" | "warming-up" | "silence" | "agent" | "ended" }
  | { kind: "poor"; reason: string };

/** Seconds without a new reading after which the last word is no longer "now". */
const STALE_S = 2.5;

export function saying(session: Session): Saying {
  const leg = scoredLeg(session);
  if (session.info.state === "paused") return { kind: "paused" };
  if (!session.info.scoring) return { kind: session.info.notice ? "stopped" : "not-scored" };
  if (!leg) return { kind: "not-scored" };
  const age = leg.emotion ? (leg.heard - leg.emotion.frame) / FRAMES_PER_SECOND : Infinity;
  if (isOn(session) && age > STALE_S) {
    if (leg.activity?.poor) return { kind: "poor", reason: leg.activity.poor };
    if (leg.activity?.speaking) return { kind: "warming-up" };
    return { kind: speaking(session).includes("agent") ? "agent" : "silence" };
  }
  if (!leg.emotion) return { kind: isOn(session) ? "silence" : "ended" };
  const { label, confidence, frame, since } = leg.emotion;
  return { kind: "emotion", label, confidence, seconds: (frame - since) / FRAMES_PER_SECOND };
}

/** Roles that speak now. */
export function speaking(session: Session): string[] {
  return [...session.legs.values()]
    .filter((leg) => leg.activity?.speaking)
    .map((leg) => leg.info.role);
}

/** Value under which a share of the list lies; null for an empty list. */
export function quantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}
