import type { Corpus } from './corpus.js';

const CHAT_USAGE = {
  prompt_tokens: 120,
  completion_tokens: 30,
  total_tokens: 150,
  prompt_tokens_details: { cached_tokens: 40, audio_tokens: 5, cache_write_tokens: 8 },
  completion_tokens_details: { reasoning_tokens: 12, audio_tokens: 3, rejected_prediction_tokens: 2 },
  prompt_cache_hit_tokens: 40,
  cost: 0.00123,
  cost_in_usd_ticks: 12_300_000,
  is_byok: true,
  cost_details: { upstream_inference_cost: 0.001 },
  server_tool_use: { web_search_requests: 2 },
};
const RESPONSES_USAGE = {
  input_tokens: 90,
  output_tokens: 60,
  total_tokens: 150,
  input_tokens_details: { cached_tokens: 30, cache_write_tokens: 4, text_tokens: 50, image_tokens: 40 },
  output_tokens_details: { reasoning_tokens: 20 },
};
const TOOL = { type: 'function', function: { name: 'find', parameters: { type: 'object', properties: {} } } };
const CHAT_REQUEST = {
  model: 'gpt-4o',
  stream: true,
  n: 2,
  max_tokens: 40,
  max_completion_tokens: 50,
  service_tier: 'flex',
  messages: [
    { role: 'system', content: 'Be brief' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
        { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
        { type: 'file', file: { file_data: 'AAAA' } },
      ],
    },
    {
      role: 'assistant',
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'find', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'found' },
  ],
  tools: [TOOL, { type: 'web_search', max_uses: 3 }],
  plugins: [{ id: 'web' }],
  response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } },
  prediction: { type: 'content', content: 'as before' },
};
const chunk = (delta: object, rest: object = {}) => ({
  body: { id: 'c', model: 'gpt-4o', choices: [{ index: 0, delta, finish_reason: null }], usage: null, ...rest },
});

export const OPENAI_CORPUS: readonly Corpus[] = [
  {
    wires: ['openai-chat', 'mistral-chat'],
    path: '/v1/chat/completions',
    requests: [CHAT_REQUEST, { ...CHAT_REQUEST, stream_options: { include_usage: true, include_obfuscation: false } }],
    responses: [
      {
        model: 'gpt-4o-2024-08-06',
        service_tier: 'priority',
        choices: [{ index: 0, message: { content: 'Yes', annotations: [{ type: 'url_citation' }] } }],
        usage: CHAT_USAGE,
        x_groq: { usage: CHAT_USAGE },
      },
    ],
    streams: [
      [
        chunk({ role: 'assistant', content: '' }),
        chunk({ content: 'Yes', reasoning: 'So' }),
        chunk({ tool_calls: [{ index: 0, function: { name: 'find', arguments: '{"a"' } }] }),
        { body: { model: 'gpt-4o', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null } },
        { body: { model: 'gpt-4o', choices: [], usage: CHAT_USAGE } },
        { body: '[DONE]' },
      ],
      [
        chunk({ content: 'No' }, { usage: CHAT_USAGE, x_groq: { usage: CHAT_USAGE } }),
        { body: { error: { message: 'overloaded', code: 503 } } },
      ],
    ],
  },
  {
    wires: ['openai-completions', 'mistral-fim'],
    path: '/v1/completions',
    requests: [
      { model: 'gpt-3.5-turbo-instruct', prompt: ['a', 'b', [1, 2, 3]], n: 2, best_of: 4, max_tokens: 9, stream: true },
      { model: 'codestral', prompt: 'def f(', suffix: ')', stream: true, echo: true, logprobs: 5 },
    ],
    responses: [{ model: 'gpt-3.5-turbo-instruct', choices: [{ text: 'x', index: 0 }], usage: CHAT_USAGE }],
    streams: [
      [
        { body: { choices: [{ text: 'x', index: 0, finish_reason: null }], usage: null } },
        { body: { choices: [{ text: '', index: 0, finish_reason: 'stop' }], usage: null } },
        { body: { choices: [], usage: CHAT_USAGE } },
        { body: '[DONE]' },
      ],
    ],
  },
  {
    wires: ['openai-responses'],
    path: '/v1/responses',
    requests: [
      {
        model: 'gpt-5',
        input: [
          {
            role: 'user',
            content: [
              { type: 'input_text', text: 'Hello' },
              { type: 'input_image', detail: 'high' },
            ],
          },
          { type: 'function_call_output', call_id: 'c', output: 'found' },
        ],
        instructions: 'Be brief',
        max_output_tokens: 64,
        max_tool_calls: 3,
        tools: [{ type: 'web_search' }, { type: 'file_search' }, { type: 'function', name: 'find', parameters: {} }],
        previous_response_id: 'resp_1',
        reasoning: { effort: 'high' },
        stream: true,
        service_tier: 'flex',
      },
    ],
    responses: [
      {
        model: 'gpt-5',
        status: 'completed',
        service_tier: 'default',
        output: [
          { type: 'web_search_call', action: { type: 'search' } },
          { type: 'file_search_call', status: 'completed' },
          { type: 'message', content: [] },
        ],
        usage: RESPONSES_USAGE,
      },
    ],
    streams: [
      [
        { name: 'response.created', body: { type: 'response.created', response: { model: 'gpt-5', usage: null } } },
        { name: 'response.output_text.delta', body: { type: 'response.output_text.delta', delta: 'Yes' } },
        {
          name: 'response.completed',
          body: { type: 'response.completed', response: { model: 'gpt-5', output: [], usage: RESPONSES_USAGE } },
        },
      ],
    ],
  },
  {
    wires: ['openai-embeddings'],
    path: '/v1/embeddings',
    requests: [{ model: 'text-embedding-3-small', input: ['a', [1, 2], ''], dimensions: 8 }],
    responses: [{ model: 'text-embedding-3-small', data: [], usage: { prompt_tokens: 8, total_tokens: 8 } }],
    streams: [],
  },
  {
    wires: ['openai-images'],
    path: '/v1/images/generations',
    requests: [
      { model: 'gpt-image-1', prompt: 'A cat', n: '2', size: '1024x1536', quality: 'low', stream: true },
      { model: 'gpt-image-2', prompt: 'A cat', image: [{ name: 'a', size: 10, type: 'image/png' }], partial_images: 3 },
    ],
    responses: [
      { created: 1, data: [{ b64_json: 'AAAA' }], usage: RESPONSES_USAGE },
      { data: [], usage: { cost: 0.04 } },
    ],
    streams: [
      [
        { name: 'image_generation.partial_image', body: { type: 'image_generation.partial_image', b64_json: 'AAAA' } },
        {
          name: 'image_generation.completed',
          body: { type: 'image_generation.completed', b64_json: 'AAAA', usage: RESPONSES_USAGE },
        },
        { body: { type: 'image_edit.completed', usage: RESPONSES_USAGE } },
      ],
    ],
  },
  {
    wires: ['openai-transcriptions'],
    path: '/v1/audio/transcriptions',
    requests: [{ model: 'gpt-4o-transcribe', file: { name: 'a.wav', size: 4000, type: 'audio/wav' }, stream: 'true' }],
    responses: [
      { text: 'Hello', usage: { type: 'tokens', ...RESPONSES_USAGE, input_token_details: { audio_tokens: 80 } } },
      { text: 'Hello', usage: { type: 'duration', seconds: 3 } },
    ],
    streams: [
      [
        { body: { type: 'transcript.text.delta', delta: 'Hel' } },
        { body: { type: 'transcript.text.done', text: 'Hello', usage: { type: 'tokens', ...RESPONSES_USAGE } } },
      ],
    ],
  },
];
