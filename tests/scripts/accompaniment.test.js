/* Clicks and chords: scheduled on the clock of the AudioContext, in time with the clip. */

import assert from 'node:assert/strict';
import {afterEach, beforeEach, mock, test} from 'node:test';

import {Accompaniment} from '../../components/timeline/js/accompaniment.js';
import {voicing} from '../../components/timeline/js/voicing.js';

const TICK = 0.025; // seconds
const LATENCY = 0.02; // seconds from the context to the loudspeaker

const ramp = () => ({
  value: 1,
  setValueAtTime: () => {},
  linearRampToValueAtTime: () => {},
  setTargetAtTime: () => {},
  cancelScheduledValues: () => {},
});

/** A clock, a context and an audio element that run together; nodes are noted when they start and stop. */
class World {
  constructor(beats, chords = []) {
    this.seconds = 10;
    this.nodes = [];
    this.audio = {paused: true, seeking: false, readyState: 4, playbackRate: 1, currentTime: 0};
    this.last = 60;
    this.closed = 0;
    mock.method(performance, 'now', () => 1000 * this.seconds);
    const world = this;
    class Node {
      constructor(context, options) {
        Object.assign(this, options);
        world.nodes.push(this);
      }
      connect() {}
      start(when) {
        this.when = when;
      }
      stop(when = world.seconds) {
        this.stopped = when;
      }
    }
    globalThis.AudioBufferSourceNode = globalThis.OscillatorNode = Node;
    globalThis.GainNode = class {
      gain = ramp();
      connect() {}
      disconnect() {}
    };
    this.notes = [];
    const tracks = {beats, chords, drums: []};
    this.output = {gain: ramp(), connect: () => {}};
    const context = () => ({
      state: 'running',
      sampleRate: 48_000,
      get currentTime() {
        return world.seconds;
      },
      getOutputTimestamp: () => ({contextTime: world.seconds - LATENCY, performanceTime: 1000 * world.seconds}),
      createGain: () => this.output,
      createBuffer: (channels, length) => ({getChannelData: () => new Float32Array(length)}),
      close: () => this.closed++,
    });
    this.player = {
      audio: this.audio,
      end: () => this.last,
      items: (part, start, end) => (tracks[part] ?? this.notes).filter(item => item[1] >= start && item[0] < end),
    };
    this.accompaniment = new Accompaniment(this.player, context);
  }

  play() {
    this.audio.paused = false;
    this.accompaniment.restart();
    this.pass(2 * TICK); // the second reading of the clocks confirms the first one
  }

  pass(seconds, jitter = 0) {
    for (let i = 0; i < Math.round(seconds / TICK); i++) {
      this.seconds += TICK;
      this.audio.currentTime += TICK * this.audio.playbackRate + jitter * (i % 2 ? 1 : -1);
      mock.timers.tick(1000 * TICK);
    }
  }

  /** The starts of what was scheduled and not stopped before it began, in seconds of the context. */
  started() {
    return this.nodes.filter(node => !(node.stopped < node.when)).map(node => node.when);
  }
}

const beatsAt = times => times.map((time, i) => [time, time, '', i % 4 === 0 ? 1 : 0]);
const near = (actual, expected, tolerance) => {
  assert.equal(actual.length, expected.length, `${actual} are not ${expected}`);
  actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) <= tolerance, `${value} is not ${expected[i]}`));
};

beforeEach(() => mock.timers.enable({apis: ['setInterval']}));
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

test('clicks leave the loudspeaker with the beats', () => {
  const world = new World(beatsAt([0.5, 1, 1.5, 2, 4]));
  world.accompaniment.toggle('beats', true);
  world.play();
  world.pass(3);
  near(
    world.started(),
    [0.5, 1, 1.5, 2, 4].map(time => 10 + time - LATENCY),
    1e-6,
  );
});

test('readings of the clock that jitter move no click by more than 10 ms', () => {
  const world = new World(beatsAt([1, 2, 3, 4, 5]));
  world.accompaniment.toggle('beats', true);
  world.play();
  world.pass(5, 0.004);
  near(
    world.started(),
    [1, 2, 3, 4, 5].map(time => 10 + time - LATENCY),
    0.01,
  );
});

test('each beat is scheduled once, and a downbeat has another click', () => {
  const world = new World(beatsAt([0.2, 0.4, 0.6, 0.8, 1.0]));
  world.accompaniment.toggle('beats', true);
  world.play();
  world.pass(2);
  assert.equal(world.nodes.length, 5);
  const {beat, downbeat} = world.accompaniment.clicks;
  assert.deepEqual(
    world.nodes.map(node => node.buffer),
    [downbeat, beat, beat, beat, downbeat],
  );
});

test('another rate and a seek schedule what comes anew', () => {
  const world = new World(beatsAt([1, 2, 3, 30, 31]));
  world.accompaniment.toggle('beats', true);
  world.audio.playbackRate = 2;
  world.play();
  world.pass(0.25);
  near(
    world.started(),
    [10.5, 11, 11.5].map(time => time - LATENCY),
    1e-6,
  );
  world.audio.playbackRate = 1;
  world.audio.currentTime = 29.5;
  world.nodes.length = 0;
  world.accompaniment.restart();
  const now = world.seconds;
  world.pass(2 * TICK);
  near(world.started(), [now + 0.5 - LATENCY, now + 1.5 - LATENCY], 1e-6);
});

test('a jump of the sound that no event announces is noticed', () => {
  const world = new World(beatsAt([1, 2, 3, 4]));
  world.accompaniment.toggle('beats', true);
  world.play();
  world.audio.currentTime = 0.7; // the sound jumped at 10.05
  world.pass(0.5);
  const first = world.started()[0];
  assert.ok(Math.abs(first - (10 + 2 * TICK + 0.3 - LATENCY)) < 0.011, `${first}`);
});

test('one reading that comes late changes nothing', () => {
  const world = new World(beatsAt([1, 2, 3]));
  world.accompaniment.toggle('beats', true);
  world.play();
  world.audio.currentTime += 0.05;
  world.pass(TICK);
  world.audio.currentTime -= 0.05;
  world.pass(3);
  near(
    world.started(),
    [1, 2, 3].map(time => 10 + time - LATENCY),
    1e-6,
  );
  assert.equal(world.nodes.length, 3);
});

test('pause, and switching off, end what has not sounded', () => {
  const world = new World(beatsAt([1, 2]));
  world.accompaniment.toggle('beats', true);
  world.play();
  assert.equal(world.nodes.length, 1);
  world.audio.paused = true;
  world.accompaniment.restart();
  assert.deepEqual(world.started(), []);
  world.play();
  world.accompaniment.toggle('beats', false);
  assert.deepEqual(world.started(), []);
  assert.equal(world.closed, 1);
});

test('nothing is scheduled beyond the end of a loop', () => {
  const world = new World(beatsAt([0.5, 1, 1.5]));
  world.last = 1.2;
  world.accompaniment.toggle('beats', true);
  world.play();
  near(
    world.started(),
    [10.5, 11].map(time => time - LATENCY),
    1e-6,
  );
});

test('a chord that has begun is played from now on, the next one from its start', () => {
  const world = new World(
    [],
    [
      [0, 4, 'Am', 1, [9, 0, 4]],
      [4, 8, 'G', 1, [7, 11, 2]],
    ],
  );
  world.audio.currentTime = 3;
  world.accompaniment.toggle('chords', true);
  world.play();
  const now = 10 + 2 * TICK;
  near(world.started(), [now, now, now, 11 - LATENCY, 11 - LATENCY, 11 - LATENCY], 1e-6);
  assert.ok(world.nodes.slice(0, 3).every(node => Math.abs(node.stopped - 11) < 0.1));
});

test('notes sound for their length, those that have begun for the rest of it, and end with their volume', () => {
  const world = new World([]);
  world.notes = [
    [0, 4, 60, 1],
    [3.5, 4, 64, 0.5],
    [9, 9.5, 67, 1],
  ];
  world.audio.currentTime = 3;
  world.accompaniment.setNotesVolume(1);
  world.play();
  const fundamentals = world.nodes.filter(node => node.type === 'triangle');
  near(
    fundamentals.map(node => node.when),
    [10 + 2 * TICK, 10.5 - LATENCY],
    1e-6,
  );
  assert.ok(fundamentals.every(node => Math.abs(node.stopped - 11) < 0.15));
  assert.ok(Math.abs(fundamentals[1].frequency / fundamentals[0].frequency - 2 ** (4 / 12)) < 1e-9);
  world.accompaniment.setNotesVolume(0);
  assert.equal(world.closed, 1);
});

test('a chord has its root lowest', () => {
  assert.deepEqual(voicing([0, 4, 7]), [48, 52, 55]);
  assert.deepEqual(voicing([9, 0, 4]), [57, 60, 64]);
  assert.deepEqual(voicing([7, 11, 2, 5]), [55, 59, 62, 65]);
});
