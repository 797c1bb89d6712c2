import { randomBytes } from 'node:crypto';

/** Makes ids that are unique for each call of the returned function, across processes and hosts. */
export type IdSource = () => string;

/**
 * Returns a source of ids: 96 random bits once, then a counter, so that an id costs no entropy on the hot path
 * and two processes still never share one.
 */
export function createIdSource(): IdSource {
  const prefix = randomBytes(12).toString('base64url');
  let counter = 0;
  return () => {
    counter += 1;
    return `${prefix}-${counter.toString(36)}`;
  };
}
