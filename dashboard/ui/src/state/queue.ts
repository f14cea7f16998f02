/** Flags of all sessions, oldest first. A session is read only when one of its flags is looked at. */
import type { Episode, Kept, StoredSession } from "../generated/events";
import type { Api } from "../wire/api";

export interface Queue {
  /** Sessions with flags, by start. */
  sessions: readonly StoredSession[];
  length: number;
}

export interface Waiting {
  kept: Kept;
  episode: Episode;
}

export function queueOf(sessions: readonly StoredSession[]): Queue {
  const sorted = [...sessions].sort((a, b) => a.started_at.localeCompare(b.started_at));
  return { sessions: sorted, length: sorted.reduce((n, session) => n + session.flags, 0) };
}

/** The session of the i-th flag, and the flag's place in it; null behind the last. */
export function placeOf(queue: Queue, i: number): { session: StoredSession; nth: number } | null {
  let nth = i;
  for (const session of queue.sessions) {
    if (nth < session.flags) return { session, nth };
    nth -= session.flags;
  }
  return null;
}

export async function loadQueue(api: Api): Promise<Queue> {
  const sessions: StoredSession[] = [];
  for (let page = 1; ; page++) {
    const found = await api.search({ flagged: true, page });
    sessions.push(...found.sessions);
    if (found.sessions.length === 0 || sessions.length >= found.total) return queueOf(sessions);
  }
}

export async function loadFlag(api: Api, queue: Queue, i: number): Promise<Waiting | null> {
  const place = placeOf(queue, i);
  if (!place) return null;
  const kept = await api.kept(place.session.id);
  const sorted = [...kept.episodes].sort((a, b) => a.start - b.start);
  const episode = sorted[place.nth];
  return episode ? { kept, episode } : null;
}
