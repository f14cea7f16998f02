/**
 * What a sender must keep: the samples that the server has not yet said to be on disk, at most
 * `limit` of them. Positions count the samples since the first.
 */
export class Backlog {
  private blocks: { start: number; samples: Int16Array<ArrayBuffer> }[] = [];
  private readonly limit: number;
  /** Position behind the newest sample. */
  end = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Position of the oldest sample that is still here. */
  get begin(): number {
    return this.blocks[0]?.start ?? this.end;
  }

  push(samples: Int16Array<ArrayBuffer>): void {
    this.blocks.push({ start: this.end, samples });
    this.end += samples.length;
    while (this.end - this.begin > this.limit) this.blocks.shift();
  }

  /** The server has everything before this position on disk. */
  release(position: number): void {
    const kept = this.blocks.findIndex((block) => block.start + block.samples.length > position);
    this.blocks = kept < 0 ? [] : this.blocks.slice(kept);
  }

  /** Everything from a position on, in pieces; begins at `begin` where that is later. */
  *from(position: number): Generator<{ start: number; samples: Int16Array<ArrayBuffer> }> {
    for (const { start, samples } of this.blocks) {
      const skipped = Math.max(0, position - start);
      if (skipped < samples.length) {
        yield { start: start + skipped, samples: samples.subarray(skipped) };
      }
    }
  }
}
