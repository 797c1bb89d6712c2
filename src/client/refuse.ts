import type { Refused } from './client.js';

/** Rejects with our error: for code that calls `fetch` itself, and for official middleware. */
export function refuseByThrowing({ error }: Refused): never {
  throw error;
}

/**
 * A 402 that no SDK retries, in the wire's own error shape. `remember` keeps our error beside the response's headers, so
 * that the client can hand the caller the error itself.
 */
export function refuseByStatus(
  refused: Refused,
  remember?: (headers: Headers, error: Refused['error']) => void,
): Response {
  const response = new Response(JSON.stringify(refused.body), {
    // Also for a call that is refused because it lacks a tag: no status says less wrongly that nothing was billed.
    status: 402,
    headers: { 'content-type': 'application/json', 'x-should-retry': 'false' },
  });
  remember?.(response.headers, refused.error);
  return response;
}

/**
 * A response whose body fails with our error as soon as it is read. An SDK that would retry a rejected `fetch` takes it
 * as an answer and hands the error on as it is.
 */
export function refuseByBody({ error }: Refused): Response {
  const body = new ReadableStream({ start: (controller) => controller.error(error) });
  return new Response(body, { status: 200, headers: { 'content-type': 'application/json' } });
}
