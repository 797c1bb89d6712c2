import { PASS, type Policy } from './policy.js';

/** Sends a call that does not fit with a cheaper model; alone it never refuses. */
export const downgrade: Policy = Object.freeze<Policy>({
  name: 'downgrade',
  admit: 'fit',
  enforces: false,
  whenExhausted: 'admit',
  decide(situation) {
    const model = situation.cheaperModel();
    return model === undefined ? PASS : { kind: 'model', model };
  },
});
