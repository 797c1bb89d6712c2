import type { Clock } from '../clock.js';
import { LedgerUnavailableError } from '../errors.js';

/**
 * Waits for a store, but no longer than `deadlineMs`: drivers wait much longer, some of them for ever. What the store
 * does afterwards is the store's to refuse, by the time that was sent along.
 *
 * @throws LedgerUnavailableError at the deadline, or in the place of what the driver throws.
 */
export function withDeadline<Value>(answer: Promise<Value>, deadlineMs: number, clock: Clock): Promise<Value> {
  return new Promise<Value>((resolve, reject) => {
    const cancel = clock.schedule(() => {
      reject(new LedgerUnavailableError(`its store did not answer within ${deadlineMs} ms`));
    }, deadlineMs);
    answer.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(LedgerUnavailableError.isInstance(error) ? error : unavailable(error));
      },
    );
  });
}

/** Of a driver's error only its code: its text may hold an address with a password, or a whole statement. */
function unavailable(error: unknown): LedgerUnavailableError {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return new LedgerUnavailableError(
    typeof code === 'string' && /^[A-Za-z0-9_]{1,40}$/.test(code) ? `its store answered ${code}` : 'its store failed',
  );
}
