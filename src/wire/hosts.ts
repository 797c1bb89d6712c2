/** Which provider serves a host, by the names of the price table. */
const HOSTS: readonly { readonly suffix: string; readonly provider: string }[] = [
  { suffix: 'api.openai.com', provider: 'openai' },
  { suffix: 'openai.azure.com', provider: 'azure' },
  { suffix: 'services.ai.azure.com', provider: 'azure' },
  { suffix: 'cognitiveservices.azure.com', provider: 'azure' },
  { suffix: 'api.anthropic.com', provider: 'anthropic' },
  { suffix: 'generativelanguage.googleapis.com', provider: 'google' },
  { suffix: 'aiplatform.googleapis.com', provider: 'google' },
  { suffix: 'rep.googleapis.com', provider: 'google' },
  { suffix: 'api.groq.com', provider: 'groq' },
  { suffix: 'api.deepseek.com', provider: 'deepseek' },
  { suffix: 'api.x.ai', provider: 'x-ai' },
  { suffix: 'openrouter.ai', provider: 'openrouter' },
  { suffix: 'api.together.xyz', provider: 'together' },
  { suffix: 'api.together.ai', provider: 'together' },
  { suffix: 'api.mistral.ai', provider: 'mistral' },
  { suffix: 'codestral.mistral.ai', provider: 'mistral' },
  { suffix: 'api.cohere.com', provider: 'cohere' },
  { suffix: 'api.cohere.ai', provider: 'cohere' },
  { suffix: 'ollama.com', provider: 'ollama' },
  { suffix: 'api.fireworks.ai', provider: 'fireworks' },
  { suffix: 'api.perplexity.ai', provider: 'perplexity' },
  { suffix: 'api.moonshot.ai', provider: 'moonshotai' },
];

/** The provider behind `hostname`; `undefined` for a proxy or a host nobody knows. */
export function providerOfHost(hostname: string): string | undefined {
  // Vertex AI puts its region in front with a hyphen, where everyone else puts a dot.
  const host = hostname.replace(/^[a-z0-9-]+-(?=aiplatform\.googleapis\.com$)/, '');
  return HOSTS.find(({ suffix }) => host === suffix || host.endsWith(`.${suffix}`))?.provider;
}
