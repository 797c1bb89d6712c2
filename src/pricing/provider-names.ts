/** Other names of the table's providers: those of OpenTelemetry, of LiteLLM, of models.dev and of the SDKs. */
const CANONICAL: ReadonlyMap<string, string> = new Map(
  Object.entries({
    anthropic: ['claude'],
    aws: ['bedrock', 'aws.bedrock', 'amazon', 'amazon-bedrock', 'aws-bedrock', 'bedrock_converse', 'amazon_bedrock'],
    azure: ['azure-openai', 'azure_openai', 'azure_ai', 'azure.ai.openai', 'azure.ai.inference'],
    baseten: [],
    cerebras: [],
    cloudflare: ['workers-ai', 'cloudflare-workers-ai'],
    cohere: ['cohere_chat'],
    deepseek: [],
    fireworks: ['fireworks-ai', 'fireworks_ai'],
    google: [
      ...[
        'gemini',
        'vertex',
        'vertexai',
        'vertex_ai',
        'google-vertex',
        'google-gla',
        'google_genai',
        'google-vertexai',
      ],
      ...['gcp.gemini', 'gcp.vertex_ai', 'gcp.gen_ai', 'google.generative-ai', 'google_vertexai', 'google-genai'],
    ],
    groq: [],
    minimax: [],
    mistral: ['mistralai', 'mistral_ai'],
    moonshotai: ['moonshot', 'moonshot_ai'],
    novita: ['novita-ai'],
    openai: [],
    openrouter: [],
    ovhcloud: [],
    perplexity: ['perplexity-ai'],
    together: ['togetherai', 'together-ai', 'together_ai'],
    voyageai: ['voyage', 'voyage-ai'],
    'x-ai': ['xai', 'x_ai'],
    zai: ['z-ai', 'z.ai'],
    zhipuai: ['zhipu'],
  }).flatMap(([provider, others]) => [provider, ...others].map((name) => [name, provider] as const)),
);

/** The table's name of a provider; `undefined` for one it does not know. */
export function canonicalProvider(name: string): string | undefined {
  return CANONICAL.get(name.toLowerCase());
}
