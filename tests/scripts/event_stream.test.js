/* The stream of events that Gradio's client reads goes on over the connections that carry it. */

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {keepEventStream} from '../../components/page/event_stream.js';

const message = (msg, id = null) => `data: ${JSON.stringify({msg, event_id: id, output: {data: ['x\\n']}})}\n\n`;

/** A window with a server: connections, whose texts a test sends, and events, which get the ids that the client sends. */
function served() {
  const connections = [];
  const scope = {location: {href: 'http://here/'}};
  scope.fetch = async (input, init) => {
    if (String(input.url ?? input).includes('/queue/join'))
      return Response.json({event_id: init.body}, {status: init.status ?? 200});
    let controller;
    const body = new ReadableStream({start: own => (controller = own)});
    const encoder = new TextEncoder();
    connections.push({
      send: bytes => controller.enqueue(bytes),
      say: text => controller.enqueue(encoder.encode(text)),
      end: () => controller.close(),
      fail: () => controller.error(new TypeError('network error')),
    });
    return new Response(body, {status: scope.status ?? 200});
  };
  keepEventStream(scope);
  return {
    connections,
    scope,
    join: (id, options) => scope.fetch('/gradio_api/queue/join?', {method: 'POST', body: id, ...options}),
  };
}

async function opened({scope}) {
  const answer = await scope.fetch(new Request('http://here/gradio_api/queue/data?session_hash=a'));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return async count => {
    while (text.split('data: ').length - 1 < count) text += (await reader.read()).value;
    return [...text.matchAll(/"msg":"(\w+)","event_id":"?(\w+)/g)].map(([, msg, id]) => `${msg} ${id}`);
  };
}

const settled = () => new Promise(resolve => setTimeout(resolve));

test('an event that joins while the server closes the connection gets its end', async () => {
  const page = served();
  await page.join('a1');
  const read = await opened(page);
  page.connections[0].say(message('process_starts', 'a1') + message('process_completed', 'a1'));
  assert.deepEqual(await read(2), ['process_starts a1', 'process_completed a1']);
  await page.join('b2'); // the client has not read yet that the server closes
  page.connections[0].say(message('close_stream'));
  page.connections[0].end();
  await settled();
  assert.equal(page.connections.length, 2);
  page.connections[1].say(message('process_completed', 'b2'));
  assert.deepEqual((await read(3)).slice(2), ['process_completed b2']);
});

test('there is no connection while no event is under way, and one for the next event', async () => {
  const page = served();
  await page.join('a1');
  const read = await opened(page);
  page.connections[0].say(message('process_completed', 'a1') + message('close_stream'));
  page.connections[0].end();
  await read(1);
  await settled();
  assert.equal(page.connections.length, 1);
  await Promise.all([page.join('b2'), page.join('c3')]);
  assert.equal(page.connections.length, 2);
  page.connections[1].say(message('process_completed', 'c3') + message('process_completed', 'b2'));
  assert.deepEqual((await read(3)).slice(1), ['process_completed c3', 'process_completed b2']);
});

test('an event that joined before the stream was kept gets its end', async () => {
  const page = served();
  const read = await opened(page); // its join went by the window's own fetch
  assert.equal(page.connections.length, 1);
  page.connections[0].say(message('process_completed', 'a1') + message('close_stream'));
  page.connections[0].end();
  assert.deepEqual(await read(1), ['process_completed a1']);
});

test('an event whose end came over another stream is not waited for when the server has closed', async () => {
  const page = served();
  await page.join('a1'); // ended over a stream that was opened before
  const read = await opened(page);
  page.connections[0].say(message('process_completed', 'b2') + message('close_stream'));
  page.connections[0].end();
  await read(1);
  await settled();
  assert.equal(page.connections.length, 1);
});

test('messages are passed on as they were, in whatever pieces they arrive', async () => {
  const page = served();
  await page.join('a1');
  const answer = await page.scope.fetch(new Request('http://here/gradio_api/queue/data'));
  const sent = `data: {"msg":"process_generating","event_id":"a1","output":"ä · 音 \\n data: "}\n\nevent: x\ndata: {}\n\n`;
  for (const byte of new TextEncoder().encode(sent)) page.connections[0].send(Uint8Array.of(byte));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (text.length < sent.length) text += (await reader.read()).value;
  assert.equal(text, sent);
});

test('an event that the queue refused is not waited for', async () => {
  const page = served();
  await page.join('a1');
  const read = await opened(page);
  await page.join('b2', {status: 503});
  page.connections[0].say(message('process_completed', 'a1') + message('close_stream'));
  page.connections[0].end();
  await read(1);
  await settled();
  assert.equal(page.connections.length, 1);
});

test('the client hears of a connection that ends early, breaks or is refused, and may open another', async () => {
  for (const ending of ['end', 'fail']) {
    const page = served();
    await page.join('a1');
    const answer = await page.scope.fetch(new Request('http://here/gradio_api/queue/data'));
    page.connections[0][ending]();
    await assert.rejects(answer.text());
    page.scope.status = 404;
    const refused = await page.scope.fetch(new Request('http://here/gradio_api/queue/data'));
    await assert.rejects(refused.text(), /404/);
  }
});
