import type { Learned, Loop, Version } from "../wire/loop";

/** The example page's versions: one that was better, one that was not. */
export class ExampleLoop implements Loop {
  private active: number | null = null;

  async learned(): Promise<Learned> {
    const versions = [1, 2].map((version) => this.version(version)).reverse();
    return { versions, active: this.active, restart_needed: this.active !== null };
  }
  async refit(): Promise<Version> {
    return this.version(2);
  }
  async adopt(version: number): Promise<Learned> {
    this.active = version;
    return this.learned();
  }
  async rollBack(): Promise<Learned> {
    this.active = null;
    return this.learned();
  }

  private version(version: number): Version {
    const better = version === 1;
    return {
      version,
      created_at: new Date(Date.now() - (3 - version) * 86_400_000).toISOString(),
      better,
      adopted: version === this.active,
      figures: {
        learned_from: 60 + version * 8,
        held_back: 21,
        temperature: { now: 1.4, new: 1.7, loss_before: 0.91, loss_after: 0.84, taken: better },
        floor_points: { now: 35, new: 37, taken: false },
        centres: { right_before: 14, right_after: 13, taken: false },
      },
    };
  }
}
