/** One voice to `/ingest/v1` (Plain PCM v1): hello, samples, resume after a broken connection. */
import type { Notice } from "../generated/events";
import type { About } from "../wire/api";
import { Backlog } from "./backlog";

export const SUBPROTOCOL = "tonewatch.pcm.v1";
const KEPT_S = 30;
const BACKOFF_MS = [250, 500, 1000, 2000, 5000];
/** After these the session is taken up again; every other refusal (4xxx) is final. */
const RETRIED = [1001, 1006, 1011, 1012, 1013, 1014, 4408, 4429, 4500];

export interface Opening {
  rate: number;
  name: string;
  notice: Pick<Notice, "method" | "text" | "language"> | null;
  about: About;
}

export type SenderState =
  | { kind: "opening" }
  | { kind: "sending"; session: string; behind: boolean }
  | { kind: "broken"; session: string | null }
  | { kind: "ended" }
  | { kind: "rejected"; reason: string };

type Reply =
  | { type: "ready"; session: string; resume_token: string; next: number }
  | { type: "ack"; next: number; durable: number }
  | { type: "error"; code: string; detail: unknown; fatal: boolean }
  | { type: "ended" }
  | { type: "slow" };

export class Sender {
  private readonly backlog: Backlog;
  private readonly url: string;
  private readonly opening: Opening;
  private readonly tell: (state: SenderState) => void;
  private socket: WebSocket | null = null;
  private session: { id: string; token: string } | null = null;
  private sent = 0;
  private ready = false;
  private ending = false;
  private attempt = 0;
  private complaint = "";
  private behind = false;

  constructor(url: string, opening: Opening, tell: (state: SenderState) => void) {
    this.url = url;
    this.opening = opening;
    this.tell = tell;
    this.backlog = new Backlog(KEPT_S * opening.rate);
    tell({ kind: "opening" });
    this.connect();
  }

  push(samples: Int16Array<ArrayBuffer>): void {
    this.backlog.push(samples);
    this.flush();
  }

  /** No samples follow. */
  end(): void {
    this.ending = true;
    if (this.ready) this.say({ type: "end" });
    else if (!this.session) this.finish({ kind: "ended" });
  }

  private connect(): void {
    const socket = new WebSocket(this.url, SUBPROTOCOL);
    this.socket = socket;
    socket.onopen = () => this.say(this.greeting());
    socket.onmessage = (event: MessageEvent<string>) => this.hear(JSON.parse(event.data) as Reply);
    socket.onclose = (event) => this.closed(event.code, event.reason);
  }

  private greeting(): object {
    if (this.session) {
      const { id, token } = this.session;
      return { type: "resume", v: 1, session: id, resume_token: token };
    }
    const { rate, name, notice, about } = this.opening;
    const started_at = new Date().toISOString();
    const told = notice ? { notice: { ...notice, at: started_at } } : {};
    const { context, profile } = about;
    const meta = { source: "browser", ...(profile && { profile }) };
    const voice = { rate, channels: 1, legs: ["customer"] };
    return { type: "hello", v: 1, ...voice, name, context, meta, ...told };
  }

  private hear(reply: Reply): void {
    switch (reply.type) {
      case "ready":
        this.attempt = 0;
        this.session = { id: reply.session, token: reply.resume_token };
        this.takeUp(reply.next);
        this.behind = false;
        this.tell({ kind: "sending", session: reply.session, behind: false });
        break;
      case "ack":
        this.backlog.release(reply.durable);
        break;
      case "error":
        this.complaint = String(reply.detail ?? reply.code);
        break;
      case "ended":
        this.finish({ kind: "ended" });
        break;
      case "slow":
        break;
    }
  }

  private takeUp(next: number): void {
    this.sent = next;
    if (this.backlog.begin > next) {
      this.say({ type: "gap", to: this.backlog.begin, reason: "overflow" });
      this.sent = this.backlog.begin;
    }
    this.ready = true;
    this.flush();
    if (this.ending) this.say({ type: "end" });
  }

  private flush(): void {
    if (!this.ready) return;
    for (const { start, samples } of this.backlog.from(this.sent)) {
      this.socket?.send(samples);
      this.sent = start + samples.length;
    }
    this.watch();
  }

  /** More than a second of sound that waits in the browser: the network is behind. */
  private watch(): void {
    const behind = (this.socket?.bufferedAmount ?? 0) > this.opening.rate * 2;
    if (behind === this.behind || !this.session) return;
    this.behind = behind;
    this.tell({ kind: "sending", session: this.session.id, behind });
  }

  private say(message: object): void {
    this.socket?.send(JSON.stringify(message));
  }

  private closed(code: number, reason: string): void {
    this.ready = false;
    this.socket = null;
    if (code === 1000) return this.finish({ kind: "ended" });
    if (code === 4404) this.session = null;
    else if (!RETRIED.includes(code)) {
      return this.finish({ kind: "rejected", reason: this.complaint || reason || String(code) });
    }
    this.tell({ kind: "broken", session: this.session?.id ?? null });
    const pause = BACKOFF_MS[Math.min(this.attempt++, BACKOFF_MS.length - 1)]!;
    setTimeout(() => this.connect(), pause * (0.5 + Math.random()));
  }

  private finish(state: SenderState): void {
    this.socket?.close();
    this.socket = null;
    this.tell(state);
  }
}
