/** Where a live call's right edge is. */
import { FRAMES_PER_SECOND } from "../state/columns";
import type { Session } from "../state/world";
import { t } from "../words";
import type { Lane } from "./marks";

/** How far the edge may run ahead of what was told, seconds: then something is wrong, and it waits. */
const AHEAD_S = 0.6;

/** The newest frame by now: what was heard, and the time since then while the call is live. */
export function liveFrame(session: Session): number {
  const legs = [...session.legs.values()];
  const heard = Math.max(0, ...legs.map((leg) => leg.heard));
  if (session.info.state !== "live" || session.info.pace === "file") return heard;
  const told = Math.max(0, ...legs.map((leg) => leg.heardAt));
  const since = told === 0 ? 0 : (Date.now() - told) / 1000;
  return heard + Math.min(AHEAD_S, since) * FRAMES_PER_SECOND;
}

/** The edge as it is drawn: it runs with the clock and is drawn gently to where it should be. */
export class SmoothEdge {
  private frame = NaN;
  private last = 0;

  /** `now`: page's milliseconds. */
  at(target: number, now: number, moving: boolean): number {
    const passed = (now - this.last) / 1000;
    this.last = now;
    const far = Math.abs(target - this.frame) > 2 * FRAMES_PER_SECOND;
    if (!moving || Number.isNaN(this.frame) || far || passed > 0.5) {
      this.frame = target;
    } else {
      this.frame += passed * FRAMES_PER_SECOND;
      this.frame += (target - this.frame) * Math.min(1, passed * 3);
    }
    return this.frame;
  }
}

/** Customer above, the agent below. */
export function lanes(session: Session): Lane[] {
  const rank = (role: string) => ["customer", "mix", "other", "agent"].indexOf(role);
  return [...session.legs.values()]
    .sort((a, b) => rank(a.info.role) - rank(b.info.role))
    .map((leg) => ({ name: t(`role.${leg.info.role}`), role: leg.info.role, speech: leg.speech }));
}
