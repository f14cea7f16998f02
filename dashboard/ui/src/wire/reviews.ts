/** The review queue's requests. Nothing that comes back before a vote tells what the model thinks. */
import type {
  Agreement,
  Points,
  ReviewAnswer,
  ReviewItem,
  ReviewQueue,
  ReviewVote,
  ReviewVoted,
} from "../generated/events";
import { body, json, request, segment } from "./api";

export type VoteLabel = ReviewVote["label"];

/** Votes in the order of their keys, 1 to 5. */
export const VOTES: readonly VoteLabel[] = ["fearful", "disgusted", "both", "neither", "unsure"];

export interface Reviews {
  queue(): Promise<ReviewQueue>;
  /** Claim the most urgent flag that this reviewer may decide; null if there is none. */
  next(reviewer: string, skip: readonly string[]): Promise<ReviewItem | null>;
  sound(item: ReviewItem, reviewer: string): string;
  vote(item: ReviewItem, reviewer: string, label: VoteLabel, note: string): Promise<ReviewVoted>;
  undo(item: ReviewItem, reviewer: string): Promise<void>;
  second(item: ReviewItem, reviewer: string): Promise<ReviewItem>;
  /** Hold a flag, or hold it longer. */
  claim(item: ReviewItem, reviewer: string): Promise<ReviewItem>;
  release(item: ReviewItem, reviewer: string): Promise<void>;
  agreement(): Promise<Agreement>;
  exported(format: "csv" | "json"): string;
}

export class HttpReviews implements Reviews {
  queue(): Promise<ReviewQueue> {
    return json<ReviewQueue>("/api/reviews?limit=1");
  }
  async next(reviewer: string, skip: readonly string[]): Promise<ReviewItem | null> {
    const answer = await request("/api/reviews/next", body("POST", { reviewer, skip }));
    return answer.status === 204 ? null : ((await answer.json()) as ReviewItem);
  }
  sound(item: ReviewItem, reviewer: string): string {
    return `${path(item)}/sound?reviewer=${segment(reviewer)}`;
  }
  vote(item: ReviewItem, reviewer: string, label: VoteLabel, note: string): Promise<ReviewVoted> {
    return json<ReviewVoted>(`${path(item)}/vote`, body("POST", { reviewer, label, note }));
  }
  async undo(item: ReviewItem, reviewer: string): Promise<void> {
    await request(`${path(item)}/undo`, body("POST", { reviewer }));
  }
  second(item: ReviewItem, reviewer: string): Promise<ReviewItem> {
    return json<ReviewItem>(`${path(item)}/second`, body("POST", { reviewer }));
  }
  claim(item: ReviewItem, reviewer: string): Promise<ReviewItem> {
    return json<ReviewItem>(`${path(item)}/claim`, body("POST", { reviewer }));
  }
  async release(item: ReviewItem, reviewer: string): Promise<void> {
    await request(`${path(item)}/release`, body("POST", { reviewer }));
  }
  agreement(): Promise<Agreement> {
    return json<Agreement>("/api/reviews/agreement");
  }
  exported(format: "csv" | "json"): string {
    return `/api/reviews/export?format=${format}`;
  }
}

/** A flag's name in the queue. */
export function flagName(item: ReviewItem): string {
  return `${item.session}/${item.episode}`;
}

/** The answer's curves as every other curve of the page. */
export function pointsOf({ frames }: ReviewAnswer): Points {
  const every = Object.values(frames.emotions);
  return {
    start: frames.start_frame,
    step: 1,
    scores: frames.fear.map((_, i) => {
      const row = every.map((scores) => scores[i] ?? null);
      return row.includes(null) ? null : (row as number[]);
    }),
    fear: frames.fear,
    disgust: frames.disgust,
    emotion: frames.fear.map(() => null),
    confidence: frames.fear.map(() => null),
  };
}

function path(item: ReviewItem): string {
  return `/api/reviews/${segment(item.session)}/${segment(item.episode)}`;
}
