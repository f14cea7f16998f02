import { signal } from "@preact/signals";
import { reduce, type Input } from "./reduce";
import { EMPTY, type World } from "./world";

/** Milliseconds between two renderings of words and numbers: faster nobody can read. */
const CALM_MS = 200;

/**
 * The one store. Messages change `current` at once; components read `shown`, which follows when
 * `publish` is called by the frame loop, at most every CALM_MS; canvases read `current`.
 */
export class Store {
  current: World = EMPTY;
  readonly shown = signal<World>(EMPTY);
  private published = -Infinity;

  dispatch(input: Input): void {
    const link = this.current.link;
    this.current = reduce(this.current, input);
    const turned = this.current.link !== link || this.current.known !== this.shown.peek().known;
    if (turned) this.shown.value = this.current;
  }

  publish(now: number): void {
    if (this.shown.peek() === this.current || now - this.published < CALM_MS) return;
    this.published = now;
    this.shown.value = this.current;
  }
}
