/* One stream of events for Gradio's client, whatever connections carry it.

The server closes the connection when no event of the page is under way, and says so. The client then opens another one with the
next event; but an event that is sent while those words are on their way finds the old one open, and its end would never arrive.
So the words are kept from the client: its stream stays open, and a connection is made whenever an event has no end yet. */

const MESSAGE = /^data: \{"msg":"(\w+)","event_id":(?:"(\w+)")?/;

/** Return the lines of an answer as they arrive. A line may be megabytes long. */
async function* linesOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let held = [];
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    const pieces = value.split('\n');
    held.push(pieces.shift());
    for (const piece of pieces) {
      yield held.join('');
      held = [piece];
    }
  }
}

export function keepEventStream(scope = window) {
  const send = scope.fetch.bind(scope);
  const encoder = new TextEncoder();
  const unfinished = new Set(); // ids of events
  let stream = null; // what the client reads: {request, output, isConnected}

  /** Pass messages on until the server closes the connection; return whether it said so. */
  async function passOn({request, output}) {
    const answer = await send(request.clone());
    if (!answer.ok) throw new Error(`${request.url}: ${answer.status}`);
    let isClosed = false;
    for await (const line of linesOf(answer.body)) {
      const [, kind, id] = line.match(MESSAGE) ?? [];
      if (kind === 'process_completed') unfinished.delete(id);
      if (kind === 'close_stream') isClosed = true;
      else output.enqueue(encoder.encode(`${line}\n`));
    }
    return isClosed;
  }

  async function connect() {
    const own = stream;
    if (!own || own.isConnected) return;
    own.isConnected = true;
    try {
      // The client opens a stream when it has an event, which may have joined before this script ran.
      do {
        const joined = [...unfinished];
        if (await passOn(own))
          for (const id of joined) unfinished.delete(id); // each had its end before the server closed
        else if (unfinished.size) throw new Error(`${own.request.url} ended early`);
      } while (unfinished.size);
    } catch (error) {
      own.output.error(error); // the client says that the connection was lost
      if (stream === own) stream = null;
    } finally {
      own.isConnected = false;
    }
  }

  function open(request) {
    const start = output => {
      stream = {request, output, isConnected: false};
    };
    const body = new ReadableStream({start});
    connect();
    return new Response(body, {headers: {'Content-Type': 'text/event-stream'}});
  }

  async function join(input, init) {
    const answer = await send(input, init);
    if (answer.ok) {
      unfinished.add((await answer.clone().json()).event_id);
      connect();
    }
    return answer;
  }

  scope.fetch = async (input, init) => {
    const {pathname} = new URL(input.url ?? input, scope.location.href);
    if (pathname.endsWith('/queue/join')) return join(input, init);
    return pathname.endsWith('/queue/data') ? open(new Request(input, init)) : send(input, init);
  };
}
