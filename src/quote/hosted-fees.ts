import { addPico, multiplyPico } from '../money.js';
import type { Price } from '../pricing/price.js';
import type { HostedTools } from '../wire/wire.js';

// The dearest hosted web search on any price list (OpenAI, search preview models with high context): 50 USD a thousand.
const DEAREST_WEB_SEARCH_PICO_USD = 50_000_000_000;
// The one fee for a hosted file search that price lists have (OpenAI): 2.50 USD a thousand.
const DEAREST_FILE_SEARCH_PICO_USD = 2_500_000_000;
// The one fee for a container that price lists have (OpenAI and Azure): 0.03 USD for a session of 1 GB.
const DEAREST_CODE_SESSION_PICO_USD = 30_000_000_000;
// The dearest image a hosted tool makes: gpt-image-2 at its largest, 25 000 tokens at 30 USD a million.
const DEAREST_IMAGE_PICO_USD = 750_000_000_000;

/** The most that the tools a provider runs can be billed by the piece, beside the tokens they bring in. */
export function hostedFeesPico(tools: HostedTools | undefined, price: Price): number | bigint {
  if (tools === undefined) return 0;
  const sessions = multiplyPico(tools.maxCodeSessions ?? 0, price.codeSession ?? DEAREST_CODE_SESSION_PICO_USD);
  // All calls of an answer share one limit, so at worst every one of them is of the dearest kind. The containers are
  // opened whether or not anything is run in them.
  return addPico(
    sessions,
    dearest([
      multiplyPico(tools.maxWebSearches, price.webSearch ?? DEAREST_WEB_SEARCH_PICO_USD),
      multiplyPico(tools.maxFileSearches ?? 0, price.fileSearch ?? DEAREST_FILE_SEARCH_PICO_USD),
      multiplyPico(tools.maxImages ?? 0, DEAREST_IMAGE_PICO_USD),
    ]),
  );
}

/** Not Math.max: large fees are bigints. */
function dearest(fees: readonly (number | bigint)[]): number | bigint {
  let most: number | bigint = 0;
  for (const fee of fees) if (fee > most) most = fee;
  return most;
}
