/** The example page's review queue: the flags of one scripted call. */
import type {
  Agreement,
  Episode,
  ReviewItem,
  ReviewQueue,
  ReviewVoted,
} from "../generated/events";
import { LABELS } from "../state/columns";
import { flagName, type Reviews, type VoteLabel } from "../wire/reviews";
import { ScriptedCall } from "./script";
import { scenario } from "./states";

const SECONDS = 341;
const AROUND = 250;

export class ExampleReviews implements Reviews {
  private readonly call: ScriptedCall;
  private readonly decided = new Set<string>();

  constructor() {
    const [plan] = scenario("one").plans;
    this.call = new ScriptedCall({ info: { ...plan!.info, id: "p1" }, seed: 4 });
    this.call.advance(SECONDS * 50, Date.now());
  }

  async queue(): Promise<ReviewQueue> {
    const items = this.items([]);
    return { waiting: items.length, oldest_at: items[0]?.at ?? null, items };
  }
  async next(_: string, skip: readonly string[]): Promise<ReviewItem | null> {
    return this.items(skip)[0] ?? null;
  }
  sound(): string {
    return "";
  }
  async vote(item: ReviewItem, reviewer: string, label: VoteLabel): Promise<ReviewVoted> {
    this.decided.add(flagName(item));
    const episode = this.episodes().find(({ id }) => id === item.episode)!;
    const points = this.call.history();
    const first = Math.max(0, Math.floor((episode.start - AROUND - points.start) / points.step));
    const last = Math.ceil((episode.end + AROUND - points.start) / points.step);
    const cut = <T>(values: readonly T[]) =>
      values.slice(first, last).flatMap((value) => Array<T>(points.step).fill(value));
    const scores = cut(points.scores);
    const vote = { reviewer, label, note: "", at: new Date().toISOString(), blind: true };
    return {
      item: { ...item, state: "decided" },
      answer: {
        episode,
        frames: {
          start_frame: points.start + first * points.step,
          frame_rate: 50,
          emotions: Object.fromEntries(
            LABELS.map((name, i) => [name, scores.map((row) => row?.[i] ?? null)]),
          ),
          fear: cut(points.fear),
          disgust: cut(points.disgust),
        },
        votes: [vote],
      },
    };
  }
  async undo(item: ReviewItem): Promise<void> {
    this.decided.delete(flagName(item));
  }
  async second(item: ReviewItem): Promise<ReviewItem> {
    return { ...item, second_wanted: true };
  }
  async claim(item: ReviewItem): Promise<ReviewItem> {
    return item;
  }
  async release(): Promise<void> {
    // Nor anybody who waits for a claim.
  }
  async agreement(): Promise<Agreement> {
    const day = (i: number) =>
      new Date(Date.now() - (9 - i) * 86_400_000).toISOString().slice(0, 10);
    return {
      reviewers: { alpha: 0.62, pairs: 31, flags: 28 },
      model: { agree: 61, decided: 84, by_kind: {} },
      over_time: Array.from({ length: 10 }, (_, i) => ({
        day: day(i),
        decided: 5 + ((i * 7) % 8),
        model_agrees: 3 + ((i * 5) % 5),
      })),
    };
  }
  exported(): string {
    return "#";
  }

  private episodes(): readonly Episode[] {
    return this.call.snapshot().episodes.filter(({ state }) => state === "closed");
  }

  private items(skip: readonly string[]): ReviewItem[] {
    const began = Date.parse(this.call.plan.info.started_at);
    return this.episodes()
      .map((episode): ReviewItem => ({
        session: "p1",
        session_name: this.call.plan.info.name,
        episode: episode.id,
        leg: episode.leg,
        kind: null,
        start_s: episode.start / 50,
        end_s: episode.end / 50,
        sound_start_s: Math.max(0, episode.start - AROUND) / 50,
        at: new Date(began + episode.start * 20).toISOString(),
        state: "claimed",
        urgency: 1,
        claimed_by: null,
        claimed_until: null,
        votes: 0,
        second_wanted: false,
        outcome: null,
        sound: true,
      }))
      .filter((item) => !this.decided.has(flagName(item)) && !skip.includes(flagName(item)));
  }
}
