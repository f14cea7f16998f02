/** The page's one animation frame loop. */

type Painter = (now: number) => void;

export class FrameLoop {
  private readonly painters = new Set<Painter>();
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");
  private last = -Infinity;
  private request = 0;

  constructor() {
    document.addEventListener("visibilitychange", () => this.wake());
  }

  /** Call a painter on every frame while the tab can be seen; returns its undo. */
  add(painter: Painter): () => void {
    this.painters.add(painter);
    this.wake();
    return () => this.painters.delete(painter);
  }

  private wake(): void {
    if (this.request === 0 && !document.hidden && this.painters.size > 0) {
      this.request = requestAnimationFrame(this.step);
    }
  }

  private readonly step = (now: number): void => {
    this.request = 0;
    if (!this.calm.matches || now - this.last >= 1000) {
      this.last = now;
      for (const painter of this.painters) painter(now);
    }
    this.wake();
  };
}
