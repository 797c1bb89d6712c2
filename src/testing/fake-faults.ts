import type { FakeReply } from './fake-reply.js';

/** A plain body that is no JSON. */
export const BROKEN_BODY = '{"id": "fake", "choices": [ }';

/** Lines that no event stream has: a field without a colon, an unknown field, and data that is no JSON. */
export const BROKEN_EVENTS: readonly string[] = Object.freeze([
  'nonsense\n\n',
  'colour: blue\n\n',
  'data: {"id": "fake", "choices": [ }\n\n',
]);

/** What a proxy in front of a provider shows when the provider is down. */
export const HTML_ERROR =
  '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';

/** After how many chunks a reply's fault strikes a stream; at the stream's last events in any case. */
export function faultLimit(reply: FakeReply): number {
  if (reply.faultAfterChunks !== undefined) return reply.faultAfterChunks;
  if (reply.fault === 'reset-after-headers') return 0;
  return reply.fault === 'no-terminal-event' ? Number.POSITIVE_INFINITY : 1;
}
