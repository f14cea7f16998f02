/** Playback of a leg's sound. */
import { signal, type Signal } from "@preact/signals";

export interface Player {
  readonly playing: Signal<boolean>;
  readonly failed: Signal<boolean>;
  /** Position, seconds. */
  readonly seconds: number;
  /** Play from here, up to a stop if one is given. */
  play(from?: number, until?: number): void;
  pause(): void;
  seek(seconds: number): void;
  speed(rate: number): void;
  close(): void;
}

export class AudioPlayer implements Player {
  readonly playing = signal(false);
  readonly failed = signal(false);
  private readonly audio: HTMLAudioElement;
  private until = Infinity;

  constructor(url: string) {
    this.audio = new Audio(url);
    this.audio.preload = "metadata";
    this.audio.onplay = () => (this.playing.value = true);
    this.audio.onpause = () => (this.playing.value = false);
    this.audio.onended = () => (this.playing.value = false);
    this.audio.onerror = () => (this.failed.value = true);
    this.audio.ontimeupdate = () => {
      if (this.audio.currentTime >= this.until) this.pause();
    };
  }

  get seconds(): number {
    return this.audio.currentTime;
  }

  play(from?: number, until = Infinity): void {
    if (from !== undefined) this.seek(from);
    this.until = until;
    this.audio.play().catch((error: DOMException) => {
      // A pause that comes before the sound began is no failure.
      if (error.name !== "AbortError") this.failed.value = true;
    });
  }

  pause(): void {
    this.until = Infinity;
    this.audio.pause();
  }

  seek(seconds: number): void {
    this.audio.currentTime = Math.max(0, seconds);
  }

  speed(rate: number): void {
    this.audio.playbackRate = rate;
  }

  close(): void {
    this.audio.pause();
    this.audio.onerror = null;
    this.audio.removeAttribute("src");
    this.audio.load();
  }
}
