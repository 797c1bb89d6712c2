import { BudgetExceededError, ConfigError, LedgerUnavailableError, UnboundedCallError } from '../errors.js';
import type { Gate, OutgoingCall, Refused } from './client.js';

const REMEDY =
  'give the body to fetch as JSON text, or as FormData where the endpoint takes a form, plain or coded with gzip, deflate or br';

/**
 * What to refuse a request with whose body nobody can read; `undefined` where no budget is in force, or where the address
 * need not be a provider's. The gate is asked with an empty request, whose hold is given back.
 */
export async function refuseUnreadable(gate: Gate, outgoing: OutgoingCall): Promise<Refused | undefined> {
  const admission = await gate.admit({ ...outgoing, bodyText: '{}', isForm: false, isSigned: true } as OutgoingCall);
  if (admission.kind === 'pass') return undefined;
  if (admission.kind === 'refused') {
    const { error } = admission.refusal;
    // These say what is true of any request; others speak of the empty one.
    const isOfAny = [BudgetExceededError, LedgerUnavailableError, ConfigError].some((kind) => kind.isInstance(error));
    return isOfAny ? admission.refusal : unreadable();
  }
  await admission.call.notSent();
  return admission.call.isBudgeted ? unreadable() : undefined;
}

function unreadable(): Refused {
  const reason = 'its body cannot be read';
  const error = new UnboundedCallError({ model: 'an unknown model', reason, remedy: REMEDY });
  return { error, body: { type: 'error', error: { type: error.code, code: error.code, message: error.message } } };
}
