/** On the audio thread: 128-sample blocks into 20 ms of Int16, handed over without a copy. */

declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: unknown): void;

class Collector extends AudioWorkletProcessor {
  private readonly size = Math.round(sampleRate / 50);
  private block = new Int16Array(this.size);
  private filled = 0;

  process(inputs: Float32Array[][]): boolean {
    const samples = inputs[0]?.[0];
    if (!samples) return true;
    for (const sample of samples) {
      this.block[this.filled++] = Math.round(Math.min(1, Math.max(-1, sample)) * 32767);
      if (this.filled === this.size) this.hand();
    }
    return true;
  }

  private hand(): void {
    this.port.postMessage(this.block, [this.block.buffer]);
    this.block = new Int16Array(this.size);
    this.filled = 0;
  }
}

registerProcessor("collector", Collector);
