/* Sound of a microphone that goes to Python in chunks, each when the one before has been answered. */

const MIN_CHUNK_SECONDS = 0.5;
const MAX_SAMPLE = 32767;
const TAP = `registerProcessor('tap', class extends AudioWorkletProcessor {
  process([[channel]]) { if (channel) this.port.postMessage(channel.slice()); return true; }
});`;

/** The microphone as chunks {pcm, rate, first, last}, which `send` gives to Python; 16-bit samples in base64. */
export class SoundChunks {
  constructor(send) {
    this.send = send;
    this.context = new AudioContext();
    this.pieces = [];
    this.samples = 0;
    this.taken = 0; // samples in the chunks that were sent
    this.began = null; // seconds of the context's clock at the first sample
    this.waiting = this.ending = this.ended = false;
  }

  /** Begin with the sound of a stream. */
  async open(microphone) {
    const address = URL.createObjectURL(new Blob([TAP], {type: 'text/javascript'}));
    await this.context.audioWorklet.addModule(address);
    URL.revokeObjectURL(address);
    if (this.ending) return;
    const options = {numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit'};
    const tap = new AudioWorkletNode(this.context, 'tap', options);
    tap.port.onmessage = ({data}) => this.take(data);
    this.context.createMediaStreamSource(microphone).connect(tap);
  }

  take(piece) {
    if (this.ending) return;
    this.began ??= this.context.currentTime - piece.length / this.context.sampleRate;
    this.pieces.push(piece);
    this.samples += piece.length;
    this.pump();
  }

  /** Seconds of sound in the chunks that were sent. */
  get sentSeconds() {
    return this.taken / this.context.sampleRate;
  }

  /** Seconds since the first sample. */
  get seconds() {
    return this.began === null ? 0 : this.context.currentTime - this.began;
  }

  /** Send what has come in, unless Python is still at the chunk before. */
  pump() {
    const rate = this.context.sampleRate;
    if (this.ended || this.waiting || !(this.ending || this.samples >= MIN_CHUNK_SECONDS * rate)) return;
    const chunk = new Int16Array(this.samples);
    let at = 0;
    for (const piece of this.pieces) for (const value of piece) chunk[at++] = Math.max(-1, Math.min(1, value)) * MAX_SAMPLE;
    const first = this.taken === 0;
    Object.assign(this, {pieces: [], samples: 0, waiting: true, ended: this.ending, taken: this.taken + at});
    this.send({pcm: base64Of(chunk), rate, first, last: this.ending});
  }

  /** Python has taken the last chunk. */
  answered() {
    this.waiting = false;
    this.pump();
  }

  /** Take no more sound, and send the rest as the last chunk when Python has answered the one before. */
  end() {
    if (this.ending) return;
    this.ending = true;
    this.context.close();
    this.pump();
  }
}

function base64Of(chunk) {
  let text = '';
  for (const byte of new Uint8Array(chunk.buffer)) text += String.fromCharCode(byte);
  return btoa(text);
}
