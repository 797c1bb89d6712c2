import type { Framing } from '../../src/wire/wire.js';
import { awsEvent, awsException } from '../wire/aws-message.js';
import type { Random } from './random.js';

/** One event before it is framed: a name where the format gives it one, and its body. */
export interface FuzzEvent {
  readonly name?: string;
  readonly body: object | string;
}

function textOf({ body }: FuzzEvent): string {
  return typeof body === 'string' ? body : (JSON.stringify(body) ?? 'null');
}

function sseOf(random: Random, events: readonly FuzzEvent[]): string {
  const end = random.pick(['\n', '\n', '\r\n', '\r']);
  const space = random.pick([' ', ' ', '']);
  const lines = events.map((event) => {
    const comment = random.oneIn(10) ? `: keep-alive${end}${end}` : '';
    const id = random.oneIn(10) ? `id: 7${end}` : '';
    const name = event.name === undefined ? '' : `event:${space}${event.name}${end}`;
    const text = random.oneIn(15) ? JSON.stringify(JSON.parse(jsonOr(textOf(event))), null, 1) : textOf(event);
    const data = text.split('\n').map((line) => `data:${space}${line}${end}`);
    return `${comment}${name}${data.join('')}${id}${end}`;
  });
  const mark = random.oneIn(20) ? '\ufeff' : '';
  return mark + lines.join('');
}

function jsonOr(text: string): string {
  return text.startsWith('{') ? text : JSON.stringify(text);
}

/** The events as a provider would send them, in the framing of a format; `mayBeArray`: or as one JSON array. */
export function frame(random: Random, framing: Framing, events: readonly FuzzEvent[], mayBeArray: boolean): Uint8Array {
  if (framing === 'ndjson') {
    const end = random.pick(['\n', '\n', '\r\n', '\n\n']);
    return Buffer.from(events.map((event) => textOf(event) + end).join(''));
  }
  if (framing === 'aws-event-stream') {
    return Buffer.concat(
      events.map((event) => {
        const name = event.name ?? 'chunk';
        return random.oneIn(20) ? awsException(name, textOf(event)) : awsEvent(name, textOf(event));
      }),
    );
  }
  if (!mayBeArray || !random.oneIn(5)) return Buffer.from(sseOf(random, events));
  return Buffer.from(`[${events.map(textOf).join(random.pick([',', ',\r\n', ' , ']))}${random.pick([']', ']\n', ''])}`);
}

/** The events with some missing, twice, or in another place. */
export function shuffleEvents(random: Random, events: readonly FuzzEvent[]): FuzzEvent[] {
  const shuffled = [...events];
  for (let changes = random.below(4); changes > 0 && shuffled.length > 0; changes -= 1) {
    const index = random.below(shuffled.length);
    const [event] = shuffled.splice(index, 1) as [FuzzEvent];
    if (random.oneIn(3)) continue;
    const copies = random.oneIn(2) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) shuffled.splice(random.below(shuffled.length + 1), 0, event);
  }
  return shuffled;
}
