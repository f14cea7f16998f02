/** The browser's microphone: permission, audio thread, sender; its state as a signal. */
import { signal } from "@preact/signals";
import worklet from "./worklet?worker&url";
import { Sender, type Opening, type SenderState } from "./sender";

export type MicrophoneState =
  | { kind: "off" }
  | { kind: "failed"; why: "refused" | "missing" | "insecure" | "unplugged" }
  | SenderState;

const RATES = [8000, 16000, 24000, 32000, 44100, 48000];
/** Processing by the browser would change level and spectrum, and with them how a voice sounds. */
const AS_IT_IS = {
  echoCancellation: false,
  noiseSuppression: false,
  autoGainControl: false,
  channelCount: 1,
};

export class Microphone {
  readonly state = signal<MicrophoneState>({ kind: "off" });
  private readonly url: string;
  private release: (() => void) | null = null;

  constructor(url: string) {
    this.url = url;
  }

  /** The session that it speaks into, if any. */
  get session(): string | null {
    const state = this.state.value;
    return "session" in state ? state.session : null;
  }

  async start(opening: Omit<Opening, "rate">): Promise<void> {
    if (this.release) return;
    this.state.value = { kind: "opening" };
    const stream = await this.ask();
    if (stream) await this.listen(stream, opening);
  }

  stop(): void {
    this.release?.();
    this.release = null;
  }

  private async ask(): Promise<MediaStream | null> {
    if (!navigator.mediaDevices) return this.fail("insecure");
    try {
      return await navigator.mediaDevices.getUserMedia({ audio: AS_IT_IS });
    } catch (error) {
      const name = (error as DOMException).name;
      return this.fail(name === "NotAllowedError" ? "refused" : "missing");
    }
  }

  private fail(why: "refused" | "missing" | "insecure"): null {
    this.state.value = { kind: "failed", why };
    return null;
  }

  private async listen(stream: MediaStream, opening: Omit<Opening, "rate">): Promise<void> {
    const context = await contextOf();
    await context.audioWorklet.addModule(worklet);
    const source = context.createMediaStreamSource(stream);
    const node = new AudioWorkletNode(context, "collector", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    let unplugged = false;
    const rate = context.sampleRate;
    const sender = new Sender(this.url, { ...opening, rate }, (state) => {
      this.state.value = unplugged && state.kind === "ended" ? UNPLUGGED : state;
      if (state.kind === "ended" || state.kind === "rejected") this.stop();
    });
    node.port.onmessage = (event: MessageEvent<Int16Array<ArrayBuffer>>) => sender.push(event.data);
    source.connect(node);
    let closed = false;
    this.release = () => {
      if (closed) return;
      closed = true;
      node.port.onmessage = null;
      for (const track of stream.getTracks()) track.stop();
      void context.close();
      sender.end();
    };
    stream.getAudioTracks()[0]!.onended = () => {
      unplugged = true;
      this.stop();
    };
  }
}

const UNPLUGGED: MicrophoneState = { kind: "failed", why: "unplugged" };

/** The context's own rate where the protocol knows it; else the browser resamples to 48 kHz. */
async function contextOf(): Promise<AudioContext> {
  const context = new AudioContext();
  if (RATES.includes(context.sampleRate)) {
    await context.resume();
    return context;
  }
  await context.close();
  return new AudioContext({ sampleRate: 48_000 });
}
