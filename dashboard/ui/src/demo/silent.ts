import { signal } from "@preact/signals";
import type { Player } from "../wire/player";

/** A play head without sound: the example calls have none. */
export class SilentPlayer implements Player {
  readonly playing = signal(false);
  readonly failed = signal(false);
  private at = 0;
  private since = 0;
  private rate = 1;
  private timer = 0;

  get seconds(): number {
    const passed = this.playing.peek() ? (performance.now() - this.since) / 1000 : 0;
    return this.at + passed * this.rate;
  }

  play(from?: number, until = Infinity): void {
    this.seek(from ?? this.seconds);
    this.playing.value = true;
    clearTimeout(this.timer);
    if (until < Infinity) {
      const left = ((until - this.at) * 1000) / this.rate;
      this.timer = window.setTimeout(() => this.pause(), left);
    }
  }

  pause(): void {
    this.at = this.seconds;
    this.playing.value = false;
    clearTimeout(this.timer);
  }

  seek(seconds: number): void {
    this.at = Math.max(0, seconds);
    this.since = performance.now();
  }

  speed(rate: number): void {
    this.seek(this.seconds);
    this.rate = rate;
  }

  close(): void {
    this.pause();
  }
}
