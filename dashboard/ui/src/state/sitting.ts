/** One reviewer at the queue: which flag is before them, and what they may do with it. */
import { signal } from "@preact/signals";
import type { ReviewItem, ReviewQueue, ReviewVoted } from "../generated/events";
import { Refused } from "../wire/api";
import { flagName, type Reviews, type VoteLabel } from "../wire/reviews";

export type Step =
  | { kind: "asking" }
  | { kind: "empty" }
  /** `seen`: the answer was seen before, so that the vote counts for no agreement. */
  | { kind: "blind"; item: ReviewItem; seen: boolean }
  | { kind: "told"; item: ReviewItem; voted: ReviewVoted; label: VoteLabel }
  /** Somebody else has it, or it is decided (`by` null). */
  | { kind: "lost"; item: ReviewItem; by: string | null };

const CONFLICT = 409;

export class Sitting {
  readonly step = signal<Step>({ kind: "asking" });
  readonly queue = signal<ReviewQueue | null>(null);
  private readonly skipped = new Set<string>();
  private last: ReviewItem | null = null;
  /** What is on its way: a key that is pressed twice asks once. */
  private asking = false;
  private voting = false;
  private readonly reviews: Reviews;
  private readonly reviewer: string;

  constructor(reviews: Reviews, reviewer: string) {
    this.reviews = reviews;
    this.reviewer = reviewer;
  }

  /** Whether a vote of this sitting can be taken back. */
  get undoable(): boolean {
    return this.last !== null;
  }

  async next(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    const asked = this.reviews.next(this.reviewer, [...this.skipped]);
    const item = await asked.finally(() => (this.asking = false));
    this.step.value = item ? { kind: "blind", item, seen: false } : { kind: "empty" };
    await this.count();
  }

  /** From the start of the queue, skipped flags too. */
  async again(): Promise<void> {
    this.skipped.clear();
    await this.next();
  }

  async skip(): Promise<void> {
    const step = this.step.peek();
    if (step.kind !== "blind") return;
    this.skipped.add(flagName(step.item));
    await this.reviews.release(step.item, this.reviewer);
    await this.next();
  }

  async vote(label: VoteLabel, note: string): Promise<void> {
    const step = this.step.peek();
    if (step.kind !== "blind" || this.voting) return;
    this.voting = true;
    await this.unlessLost(step.item, async () => {
      const asked = this.reviews.vote(step.item, this.reviewer, label, note);
      const voted = await asked.finally(() => (this.voting = false));
      this.last = voted.item;
      this.step.value = { kind: "told", item: voted.item, voted, label };
      await this.count();
    });
  }

  /** Take the last vote back and hold its flag again, from wherever one is. */
  async undo(): Promise<void> {
    const step = this.step.peek();
    const flag = this.last;
    if (!flag) return;
    await this.unlessLost(flag, async () => {
      await this.reviews.undo(flag, this.reviewer);
      this.last = null;
      if (step.kind === "blind") await this.reviews.release(step.item, this.reviewer);
      const item = await this.reviews.claim(flag, this.reviewer);
      this.step.value = { kind: "blind", item, seen: true };
      await this.count();
    });
  }

  async second(): Promise<void> {
    const step = this.step.peek();
    if (step.kind !== "told") return;
    const item = await this.reviews.second(step.item, this.reviewer);
    this.step.value = { ...step, item };
    await this.count();
  }

  /** Hold the flag longer while somebody sits before it; look for work where there was none. */
  async keep(): Promise<void> {
    const step = this.step.peek();
    if (step.kind === "blind") {
      await this.unlessLost(step.item, async () => {
        await this.reviews.claim(step.item, this.reviewer);
      });
    }
    await this.count();
    if (step.kind === "empty" && this.queue.peek()?.waiting) await this.next();
  }

  /** Give the flag back to the queue. */
  async leave(): Promise<void> {
    const step = this.step.peek();
    if (step.kind === "blind") await this.reviews.release(step.item, this.reviewer);
  }

  private async count(): Promise<void> {
    this.queue.value = await this.reviews.queue();
  }

  private async unlessLost(item: ReviewItem, task: () => Promise<void>): Promise<void> {
    const asked = this.step.peek();
    try {
      await task();
    } catch (error) {
      // A claim that was on its way while the vote was taken comes too late to matter.
      if (this.step.peek() !== asked && error instanceof Refused) return;
      if (!(error instanceof Refused) || error.status !== CONFLICT) throw error;
      if (error.code === "too_late") throw error;
      this.step.value = { kind: "lost", item, by: error.by };
      await this.count();
    }
  }
}
