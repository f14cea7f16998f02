/** The example page's answers: kept calls are the scripted ones, played to their end. */
import type { Found, Kept, Points, SessionInfo, StoredSession } from "../generated/events";
import type { Api, Device, Order, Search } from "../wire/api";
import { Refused } from "../wire/api";
import { ScriptedCall } from "./script";
import { scenario } from "./states";

const DAY_MS = 86_400_000;
const LENGTHS = [152, 341, 75, 608, 233, 97, 412];

interface Past {
  stored: StoredSession;
  call: ScriptedCall;
}

function made(i: number): Past {
  const seconds = LENGTHS[i % LENGTHS.length]!;
  const [plan] = scenario("one").plans;
  const started = new Date(Date.now() - (i + 1) * 0.37 * DAY_MS).toISOString();
  const info: SessionInfo = {
    ...plan!.info,
    id: `p${i + 1}`,
    name: `${plan!.info.name}, ${i + 1}`,
    state: "ended",
    started_at: started,
  };
  const call = new ScriptedCall({ info, seed: 3 + i });
  call.advance(seconds * 50, Date.now());
  const { episodes } = call.snapshot();
  const stored: StoredSession = {
    id: info.id,
    folder: "",
    name: info.name,
    call_id: "",
    source: info.source,
    state: "ended",
    started_at: started,
    ended_at: started,
    scoring: true,
    duration_s: seconds,
    emotion: i % 3 === 0 ? "neutral" : i % 3 === 1 ? "fearful" : "sad",
    confidence: 0.41 + (i % 5) * 0.07,
    flags: episodes.length,
    // The second call stands for one whose sound was deleted.
    audio: i !== 1,
  };
  return { stored, call };
}

export class ExampleApi implements Api {
  private readonly past = Array.from({ length: 7 }, (_, i) => made(i));
  private readonly orders: (session: string, order: Order | { name: string }) => void;

  constructor(orders: (session: string, order: Order | { name: string }) => void) {
    this.orders = orders;
  }

  async search({ query = "", flagged = false }: Search): Promise<Found> {
    const sessions = this.past
      .map(({ stored }) => stored)
      .filter((row) => row.name.toLowerCase().includes(query.toLowerCase()))
      .filter((row) => !flagged || row.flags > 0);
    return { sessions, total: sessions.length, page: 1, page_size: 50 };
  }
  async kept(session: string): Promise<Kept> {
    const { stored, call } = this.find(session);
    const gaps = [{ leg: "customer", start_s: 21.2, end_s: 22.4 }];
    return {
      session: stored,
      info: call.plan.info,
      episodes: call.snapshot().episodes,
      result: { duration_s: stored.duration_s ?? 0, gaps },
      speech: call.snapshot().legs.map(({ leg, speech }) => ({
        leg,
        role: call.plan.info.legs.find(({ name }) => name === leg)?.role ?? "other",
        spans: speech.map(([start, stop]): [number, number] => [start / 50, stop / 50]),
      })),
    };
  }
  async frames(session: string): Promise<Points> {
    return this.find(session).call.history();
  }
  audio(): string {
    return "";
  }
  download(): string {
    return "#";
  }
  async order(session: string, order: Order): Promise<void> {
    this.orders(session, order);
  }
  async rename(session: string, name: string): Promise<void> {
    this.orders(session, { name });
  }
  async remove(): Promise<void> {
    throw new Refused("this page has no server");
  }
  async demo(): Promise<string> {
    return "c1";
  }
  async machine(): Promise<string> {
    throw new Refused("this page has no server");
  }
  async devices(): Promise<Device[]> {
    return [
      { index: 0, name: "Built-in microphone", default: true },
      { index: 3, name: "Headset (USB)", default: false },
    ];
  }
  async upload(): Promise<string> {
    throw new Refused("this page has no server");
  }
  async notice(): Promise<string> {
    return "This call is analysed for emotion in the voice.";
  }

  private find(session: string): Past {
    const found = this.past.find(({ stored }) => stored.id === session);
    if (!found) throw new Refused(`session ${session} is not known`);
    return found;
  }
}

