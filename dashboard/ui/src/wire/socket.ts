/** Socket to messages: snapshot first, numbered events after it, a hole means a new connection. */
import type { Pong, Wire } from "../generated/events";
import type { Input } from "../state/reduce";

interface Envelope {
  v: number;
  seq: number;
}

const BACKOFF_MS = [250, 500, 1000, 2000, 5000];
const PING_MS = 5000;
/** Without any message for so long the link counts as dead: the engine's status comes every second. */
const SILENT_MS = 12_000;

/** Pause before attempt n, with jitter so that many viewers do not come back at once. */
export function backoff(attempt: number, random: number): number {
  const base = BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length - 1)]!;
  return base * (0.5 + random);
}

/** Whether a message follows: `previous` is the last number seen, null before the snapshot. */
export function follows(previous: number | null, seq: number): boolean {
  return previous === null || seq === previous + 1;
}

export class LiveSocket {
  private socket: WebSocket | null = null;
  private sequence: number | null = null;
  private attempt = 0;
  private heardAt = 0;
  private bestTrip = Infinity;
  private retry = 0;
  private readonly url: string;
  private readonly dispatch: (input: Input) => void;

  constructor(url: string, dispatch: (input: Input) => void) {
    this.url = url;
    this.dispatch = dispatch;
    setInterval(() => this.tick(), PING_MS);
    addEventListener("online", () => this.again());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.tick();
    });
    this.open();
  }

  private open(): void {
    clearTimeout(this.retry);
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.sequence = null;
    this.heardAt = performance.now();
    socket.onopen = () => this.ping();
    socket.onmessage = (event: MessageEvent<string>) => {
      if (this.socket === socket) this.receive(JSON.parse(event.data) as (Wire & Envelope) | Pong);
    };
    socket.onclose = () => {
      if (this.socket === socket) this.lost();
    };
  }

  private receive(message: (Wire & Envelope) | Pong): void {
    this.heardAt = performance.now();
    if (!("seq" in message)) {
      this.pong(message);
      return;
    }
    if (!follows(this.sequence, message.seq)) {
      this.again();
      return;
    }
    this.sequence = message.seq;
    this.dispatch({ kind: "wire", at: Date.now(), message });
    if (message.type === "snapshot") {
      this.attempt = 0;
      this.dispatch({ kind: "link", link: "live" });
    }
  }

  private tick(): void {
    if (performance.now() - this.heardAt > SILENT_MS) this.again();
    else this.ping();
  }

  private ping(): void {
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ type: "ping", t: performance.now() }));
    }
  }

  /** The shortest round trip tells the clock best. */
  private pong({ t, server_ns }: Pong): void {
    const trip = performance.now() - Number(t);
    if (trip > this.bestTrip * 1.5) return;
    this.bestTrip = Math.min(this.bestTrip, trip);
    this.dispatch({ kind: "clock", offset: server_ns / 1e6 + trip / 2 - Date.now() });
  }

  private lost(): void {
    this.socket = null;
    this.bestTrip = Infinity;
    this.dispatch({ kind: "link", link: "lost" });
    clearTimeout(this.retry);
    this.retry = window.setTimeout(() => this.open(), backoff(this.attempt++, Math.random()));
  }

  private again(): void {
    const old = this.socket;
    this.socket = null;
    old?.close();
    this.open();
  }
}
