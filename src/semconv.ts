/**
 * The OpenTelemetry names this package emits, as of 2026-11-24.
 *
 * Those that begin with `gen_ai` and `error` are the GenAI conventions' own (status: development), in the form that the
 * conventions were last released with. Those that begin with `tokenguard` are ours, for what the conventions do not
 * name. `docs/decisions/0005-opentelemetry.md` says why these.
 */
export const METRIC = Object.freeze({
  tokenUsage: 'gen_ai.client.token.usage',
  operationDuration: 'gen_ai.client.operation.duration',
  cost: 'tokenguard.cost',
  budgetEvents: 'tokenguard.budget.events',
});

/** Attribute keys. */
export const ATTRIBUTE = Object.freeze({
  operationName: 'gen_ai.operation.name',
  providerName: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  tokenType: 'gen_ai.token.type',
  errorType: 'error.type',
  costBasis: 'tokenguard.cost.basis',
  eventName: 'tokenguard.event.name',
  budgetName: 'tokenguard.budget.name',
  /** Before the key of a tag. */
  tagPrefix: 'tokenguard.tag.',
});

/** The bucket bounds that the conventions ask for: tokens, and seconds. */
export const BUCKETS = Object.freeze({
  tokenUsage: [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
  operationDuration: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
});

/** The conventions' `gen_ai.provider.name` where the price table calls a provider by another name. */
export const PROVIDER_NAMES: Readonly<Record<string, string>> = Object.freeze({
  azure: 'azure.ai.openai',
  aws: 'aws.bedrock',
  google: 'gcp.gemini',
  mistral: 'mistral_ai',
  moonshotai: 'moonshot_ai',
  'x-ai': 'x_ai',
});
