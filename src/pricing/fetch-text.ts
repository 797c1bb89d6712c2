import type { Clock } from '../clock.js';
import { type Place, refuse } from './check-figures.js';
import { MAX_TABLE_BYTES } from './price-file.js';

/** A function that works as the global `fetch` does. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

/** How a text is fetched. */
export interface FetchTextOptions {
  readonly fetch: FetchLike;
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

/** A text, and when its server says it was written and sent. */
export interface FetchedText {
  readonly text: string;
  readonly lastModified: string | null;
  readonly date: string | null;
}

/**
 * Fetches a text of at most 16 MiB within a deadline. Nothing about the user is sent: no cookies, no referrer, no body,
 * and no redirect is followed, because it may lead anywhere.
 *
 * @throws ConfigError saying what went wrong, without the parts of a URL that may be secret.
 */
export async function fetchText(url: string, place: Place, options: FetchTextOptions): Promise<FetchedText> {
  const { fetch, clock, deadlineMs, signal } = options;
  const controller = new AbortController();
  let stop: (reason: string) => void = () => undefined;
  // A fetch that heeds no signal must not keep the caller waiting either.
  const stopped = new Promise<string>((resolve) => {
    stop = (reason) => {
      resolve(reason);
      controller.abort();
    };
  });
  const onAbort = () => stop('it was aborted');
  signal?.addEventListener('abort', onAbort, { once: true });
  const cancel = clock.schedule(() => stop(`it took longer than ${deadlineMs} ms`), deadlineMs);
  if (signal?.aborted) onAbort();
  try {
    const answer = readAnswer(fetch, url, place, controller.signal);
    const result = await Promise.race([answer, stopped]);
    return typeof result === 'string' ? refuse(place, 'no answer', `${result}; the prices in force stay`) : result;
  } finally {
    cancel();
    signal?.removeEventListener('abort', onAbort);
    // Whatever is still on its way is of no use to anyone.
    controller.abort();
  }
}

async function readAnswer(fetch: FetchLike, url: string, place: Place, signal: AbortSignal): Promise<FetchedText> {
  const headers = { accept: 'application/json, text/plain' };
  let response: Response;
  try {
    response = await fetch(url, {
      ...{ method: 'GET', headers, signal },
      ...({ redirect: 'manual', credentials: 'omit', referrerPolicy: 'no-referrer', cache: 'no-store' } as const),
    });
  } catch (error) {
    return refuse(place, codeOf(error), 'it could not be reached; the prices in force stay');
  }
  if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)) {
    void response.body?.cancel().catch(() => undefined);
    return refuse(place, `redirect ${response.status}`, 'no redirect is followed; give the address it leads to');
  }
  if (!response.ok) {
    void response.body?.cancel().catch(() => undefined);
    return refuse(place, `status ${response.status}`, 'give an address that answers with a price table');
  }
  const { headers: answered } = response;
  const announced = Number(answered.get('content-length') ?? 0);
  if (announced > MAX_TABLE_BYTES) {
    void response.body?.cancel().catch(() => undefined);
    return refuseSize(place, announced);
  }
  const text = await readText(response, place);
  return { text, lastModified: answered.get('last-modified'), date: answered.get('date') };
}

/** Counts bytes as they come, unpacked: a length that was announced may be a lie. */
async function readText(response: Response, place: Place): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  let text = '';
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MAX_TABLE_BYTES) break;
      text += decoder.decode(chunk, { stream: true });
    }
    text += decoder.decode();
  } catch (error) {
    return refuse(place, codeOf(error), 'it broke off or is no UTF-8 text; the prices in force stay');
  }
  if (bytes > MAX_TABLE_BYTES) return refuseSize(place, bytes);
  return text;
}

function refuseSize(place: Place, bytes: number): never {
  return refuse(`${place}: size`, bytes, `it may have ${MAX_TABLE_BYTES} bytes at most`);
}

/** The code of a network error. Its text stays out: it may hold the whole address. */
function codeOf(error: unknown): string {
  for (
    let each = error as { code?: unknown; cause?: unknown; name?: unknown } | undefined, depth = 0;
    each;
    depth += 1
  ) {
    if (typeof each.code === 'string' || depth > 5) return String(each.code);
    if (each.cause === undefined) return String(each.name ?? 'error');
    each = each.cause as typeof each;
  }
  return 'error';
}
