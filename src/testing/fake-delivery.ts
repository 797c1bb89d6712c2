import type { FakeAnswer, FakeEvent } from './fake-answer.js';
import type { FakeUsage } from './fake-bill.js';
import type { FakeConnection } from './fake-connection.js';
import { BROKEN_BODY, BROKEN_EVENTS, faultLimit, HTML_ERROR } from './fake-faults.js';
import type { FakeGate } from './fake-gate.js';
import type { FakeProtocol } from './fake-protocol.js';
import type { FakeReply } from './fake-reply.js';

/** One answer and all that is needed to send it. */
export interface FakeDelivery {
  readonly connection: FakeConnection;
  readonly reply: FakeReply;
  readonly protocol: FakeProtocol;
  readonly answer: FakeAnswer;
  readonly gate: FakeGate;
  /** Bills these tokens; only the first call for a request counts. */
  readonly bill: (usage: FakeUsage) => void;
}

/** Sends the answer, or what its fault makes of it, and bills by the rule of `startFakeProvider`. */
export async function deliver(delivery: FakeDelivery): Promise<void> {
  const { connection, reply, answer, bill, gate } = delivery;
  const isError = reply.fault === 'html-error' || (reply.status ?? 200) >= 300;
  await gate.pass(connection);
  await connection.sleep(reply.latencyMs);
  if (reply.fault === 'reset-before-headers' || isError) {
    if (reply.billAnyway === true) bill(answer.usage);
    if (isError) await sendError(delivery);
    else await connection.breakOff('reset');
    return;
  }
  if (reply.fault === 'hang' && reply.faultAfterChunks === undefined) {
    bill(answer.usage);
    return connection.ended;
  }
  return connection.request.stream ? sendStream(delivery) : sendBody(delivery);
}

async function sendError(delivery: FakeDelivery): Promise<void> {
  const { connection, reply, protocol } = delivery;
  const isHtml = reply.fault === 'html-error';
  const status = reply.status ?? 502;
  const body =
    reply.errorBody ?? (isHtml ? HTML_ERROR : protocol.errorBody(status, `The fake provider answers ${status}`));
  connection.head(status, {
    'content-type': isHtml ? 'text/html; charset=utf-8' : 'application/json',
    ...replyHeaders(delivery),
  });
  await connection.send(typeof body === 'string' ? body : JSON.stringify(body), reply.splitBytes);
  connection.end();
}

function replyHeaders({ connection, reply, protocol }: FakeDelivery): Record<string, string> {
  return { [protocol.requestIdHeader]: `req_fake_${connection.request.index}`, ...reply.headers };
}

async function sendBody(delivery: FakeDelivery): Promise<void> {
  const { connection, reply, protocol, answer } = delivery;
  // The work is done by now, whether or not the client is still there to read it.
  delivery.bill(answer.usage);
  const whole = reply.rawEvents?.join('') ?? JSON.stringify(protocol.body(answer));
  const isCut = reply.fault === 'cut-stream' || reply.fault === 'truncated-json';
  const text = reply.fault === 'malformed-sse' ? BROKEN_BODY : isCut ? whole.slice(0, whole.length >>> 1) : whole;
  const isPlain = reply.fault === undefined && reply.splitBytes === undefined;
  connection.head(reply.status ?? 200, {
    'content-type': 'application/json',
    ...(isPlain && { 'content-length': String(Buffer.byteLength(text)) }),
    ...replyHeaders(delivery),
  });
  if (reply.fault === 'hang') return connection.ended;
  if (reply.fault === 'reset-after-headers') return connection.breakOff('reset');
  await connection.send(text, reply.splitBytes);
  if (reply.fault === 'cut-stream') return connection.breakOff('close');
  connection.end();
}

async function sendStream(delivery: FakeDelivery): Promise<void> {
  const { connection, reply, answer, bill } = delivery;
  connection.head(reply.status ?? 200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    ...replyHeaders(delivery),
  });
  const { fault } = reply;
  const limit = faultLimit(reply);
  const { request } = connection;
  let hasStruck = false;
  let generatedTokens = 0;
  for (const event of eventsOf(delivery)) {
    if (!hasStruck && fault !== undefined && (request.chunksSent >= limit || event.terminal === true)) {
      hasStruck = true;
      const generated = event.terminal === true ? answer.usage : partOf(answer.usage, generatedTokens);
      if ((await strike(delivery, event, generated)) === 'stop') return;
    }
    if (connection.isClosed) break;
    // Nothing is generated after this, so the bill stands before the client can see that the answer is complete.
    if (event.terminal === true) bill(answer.usage);
    generatedTokens += event.tokens ?? 0;
    if (event.chunk === true) request.chunksSent += 1;
    await connection.send(frame(event, reply), reply.splitBytes);
    if (event.chunk === true) {
      if (request.chunksSent === reply.holdAfterChunks) await delivery.gate.park(connection);
      await connection.sleep(reply.chunkDelayMs);
    }
  }
  bill(connection.isClosed ? partOf(answer.usage, generatedTokens) : answer.usage);
  connection.end();
}

/** Lets the fault happen in front of `event`; tells whether the stream goes on. */
async function strike(delivery: FakeDelivery, event: FakeEvent, generated: FakeUsage): Promise<'stop' | 'go on'> {
  const { connection, reply, answer, bill } = delivery;
  switch (reply.fault) {
    case 'malformed-sse':
      for (const line of BROKEN_EVENTS) await connection.send(line, reply.splitBytes);
      return 'go on';
    case 'cut-stream':
      bill(generated);
      await connection.breakOff('close');
      return 'stop';
    case 'no-terminal-event':
      bill(generated);
      connection.end();
      return 'stop';
    case 'truncated-json': {
      bill(answer.usage);
      const text = frame(event, reply);
      await connection.send(text.slice(0, text.length >>> 1), reply.splitBytes);
      connection.end();
      return 'stop';
    }
    case 'hang':
      bill(answer.usage);
      await connection.ended;
      return 'stop';
    default:
      bill(answer.usage);
      await connection.breakOff('reset');
      return 'stop';
  }
}

/** The bill of an answer that stopped after `outputTokens`. */
function partOf(usage: FakeUsage, outputTokens: number): FakeUsage {
  const generated = Math.min(outputTokens, usage.outputTokens);
  return { ...usage, outputTokens: generated, reasoningTokens: Math.min(generated, usage.reasoningTokens) };
}

function eventsOf({ protocol, answer, reply, connection }: FakeDelivery): Iterable<FakeEvent> {
  const raw = reply.rawEvents;
  if (raw === undefined) return protocol.events(answer, connection.request.body);
  const upTo = (count: number) => Math.ceil((count * answer.usage.outputTokens) / raw.length);
  return raw.map((data, index) => ({ data, chunk: true, tokens: upTo(index + 1) - upTo(index) }));
}

function frame(event: FakeEvent, reply: FakeReply): string {
  if (reply.rawEvents !== undefined) return String(event.data);
  const newline = reply.crlf === true ? '\r\n' : '\n';
  const name = event.event === undefined ? '' : `event: ${event.event}${newline}`;
  const data = typeof event.data === 'string' ? event.data : JSON.stringify(event.data);
  return `${name}data: ${data}${newline}${newline}`;
}
