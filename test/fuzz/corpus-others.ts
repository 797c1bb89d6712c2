import type { Corpus } from './corpus.js';

const ANTHROPIC_USAGE = {
  input_tokens: 20,
  output_tokens: 90,
  cache_read_input_tokens: 400,
  cache_creation_input_tokens: 60,
  cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 40 },
  server_tool_use: { web_search_requests: 1 },
  output_tokens_details: { thinking_tokens: 30 },
  service_tier: 'standard',
  speed: 'fast',
  iterations: [
    { type: 'message', input_tokens: 10, output_tokens: 40 },
    { type: 'advisor_message', model: 'claude-opus-4-8', input_tokens: 10, output_tokens: 50 },
  ],
};
const GEMINI_USAGE = {
  promptTokenCount: 50,
  candidatesTokenCount: 20,
  thoughtsTokenCount: 30,
  toolUsePromptTokenCount: 5,
  cachedContentTokenCount: 10,
  totalTokenCount: 105,
  promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 5 }],
  candidatesTokensDetails: [{ modality: 'audio', tokenCount: 2 }],
  trafficType: 'ON_DEMAND_PRIORITY',
};
const INTERACTION_USAGE = {
  total_input_tokens: 50,
  total_output_tokens: 20,
  total_thought_tokens: 30,
  total_tool_use_tokens: 5,
  total_cached_tokens: 10,
  total_tokens: 105,
  input_tokens_by_modality: [{ modality: 'audio', tokens: 5 }],
};
const CONVERSE_USAGE = {
  inputTokens: 30,
  outputTokens: 40,
  totalTokens: 70,
  cacheReadInputTokens: 5,
  cacheWriteInputTokenCount: 6,
  cacheDetails: [{ ttl: '1h', inputTokens: 4 }],
};
const COHERE_USAGE = {
  billed_units: { input_tokens: 9, output_tokens: 8 },
  tokens: { input_tokens: 20 },
  cached_tokens: 4,
};
const OLLAMA_END = { model: 'llama3', done: true, done_reason: 'stop', prompt_eval_count: 12, eval_count: 30 };
const candidate = (part: object, rest: object = {}) => ({ index: 0, content: { parts: [part] }, ...rest });

export const OTHER_CORPUS: readonly Corpus[] = [
  {
    wires: ['anthropic-messages'],
    path: '/v1/messages',
    requests: [
      {
        model: 'claude-sonnet-4-6',
        max_tokens: 4000,
        stream: true,
        thinking: { type: 'enabled', budget_tokens: 2000 },
        system: [{ type: 'text', text: 'Be brief', cache_control: { type: 'ephemeral', ttl: '1h' } }],
        messages: [
          { role: 'user', content: [{ type: 'image', source: { type: 'base64', data: 'AAAA' } }] },
          { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'find', input: { a: 1 } }] },
          {
            role: 'user',
            content: [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: 'x' }] }],
          },
        ],
        tools: [
          { name: 'find', input_schema: {} },
          { type: 'web_search_20250305', name: 'web_search', max_uses: 2 },
        ],
      },
    ],
    responses: [{ model: 'claude-sonnet-4-6', content: [{ type: 'text', text: 'Yes' }], usage: ANTHROPIC_USAGE }],
    streams: [
      [
        { name: 'message_start', body: { type: 'message_start', message: { model: 'm', usage: ANTHROPIC_USAGE } } },
        {
          name: 'content_block_start',
          body: { type: 'content_block_start', content_block: { type: 'text', text: '' } },
        },
        { body: { type: 'content_block_delta', delta: { type: 'text_delta', text: 'Yes' } } },
        { body: { type: 'content_block_delta', delta: { type: 'input_json_delta', partial_json: '{"a' } } },
        { body: { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: ANTHROPIC_USAGE } },
        { name: 'message_stop', body: { type: 'message_stop' } },
      ],
    ],
  },
  {
    wires: ['gemini'],
    path: '/v1beta/models/gemini-2.5-pro:streamGenerateContent',
    requests: [
      {
        contents: [{ role: 'user', parts: [{ text: 'Hi' }, { inlineData: { mimeType: 'audio/wav', data: 'AAAA' } }] }],
        systemInstruction: { parts: [{ text: 'Be brief' }] },
        generationConfig: { maxOutputTokens: 60, candidateCount: 2, thinkingConfig: { thinkingBudget: 0 } },
        tools: [{ googleSearch: {} }, { functionDeclarations: [{ name: 'find' }] }],
        cachedContent: 'cachedContents/1',
        service_tier: 'FLEX',
      },
      { contents: 'Hi', config: { max_output_tokens: 60 } },
    ],
    responses: [
      {
        modelVersion: 'gemini-2.5-pro',
        candidates: [candidate({ text: 'Yes' }, { groundingMetadata: { webSearchQueries: ['a', 'b'] } })],
        usageMetadata: GEMINI_USAGE,
      },
    ],
    streams: [
      [
        { body: { candidates: [candidate({ text: 'Y' })], usageMetadata: { trafficType: 'ON_DEMAND' } } },
        { body: { candidates: [candidate({ functionCall: { name: 'find', args: { a: [1] } } })] } },
        { body: { candidates: [candidate({ text: '' }, { finishReason: 'STOP' })], usageMetadata: GEMINI_USAGE } },
        { body: { promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: GEMINI_USAGE } },
      ],
    ],
  },
  {
    wires: ['gemini-interactions'],
    path: '/v1beta/interactions',
    requests: [
      {
        model: 'models/gemini-3-pro',
        stream: true,
        input: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
        generation_config: { max_output_tokens: 60, thinking_level: 'low' },
        tools: [{ type: 'google_search' }, { type: 'function', name: 'find' }],
        previous_interaction_id: 'i1',
      },
    ],
    responses: [{ model: 'gemini-3-pro', outputs: [{ type: 'text', text: 'Yes' }], usage: INTERACTION_USAGE }],
    streams: [
      [
        { body: { event_type: 'interaction.start', interaction: { model: 'gemini-3-pro' } } },
        { body: { event_type: 'content.delta', delta: { type: 'text', text: 'Yes' } } },
        { body: { event_type: 'step.delta', delta: { type: 'arguments', arguments: '{"a' }, step: { type: 'x' } } },
        {
          body: { event_type: 'interaction.complete', interaction: { usage: INTERACTION_USAGE, status: 'completed' } },
        },
      ],
    ],
  },
  {
    wires: ['bedrock-converse'],
    path: '/model/anthropic.claude-sonnet-4-6-v1%3A0/converse-stream',
    requests: [
      {
        modelId: 'anthropic.claude-sonnet-4-6-v1:0',
        messages: [
          { role: 'user', content: [{ text: 'Hi' }, { image: { format: 'png', source: { bytes: 'AAAA' } } }] },
        ],
        system: [{ text: 'Be brief' }],
        inferenceConfig: { maxTokens: 90 },
        toolConfig: { tools: [{ toolSpec: { name: 'find' } }, { systemTool: { name: 'nova_grounding' } }] },
        additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 40 } },
        serviceTier: { type: 'flex' },
      },
    ],
    responses: [
      { output: { message: { content: [{ text: 'Yes' }] } }, usage: CONVERSE_USAGE, serviceTier: { type: 'priority' } },
    ],
    streams: [
      [
        { name: 'messageStart', body: { role: 'assistant' } },
        { name: 'contentBlockStart', body: { start: { toolUse: { name: 'find' } } } },
        { name: 'contentBlockDelta', body: { delta: { text: 'Yes' }, contentBlockIndex: 0 } },
        { name: 'messageStop', body: { stopReason: 'end_turn' } },
        { name: 'metadata', body: { usage: CONVERSE_USAGE, metrics: { latencyMs: 1 } } },
      ],
    ],
  },
  {
    wires: ['cohere'],
    path: '/v2/chat',
    requests: [
      {
        model: 'command-a-03-2025',
        stream: true,
        max_tokens: 20,
        thinking: { type: 'disabled' },
        messages: [{ role: 'user', content: [{ type: 'document', document: { data: { a: 'b' } } }] }],
        documents: ['x', { id: '1', data: 'y' }],
        tools: [{ type: 'function', function: { name: 'find' } }],
      },
    ],
    responses: [{ message: { content: [{ type: 'text', text: 'Yes' }] }, usage: COHERE_USAGE }],
    streams: [
      [
        { name: 'message-start', body: { type: 'message-start' } },
        { name: 'content-delta', body: { type: 'content-delta', delta: { message: { content: { text: 'Y' } } } } },
        {
          name: 'message-end',
          body: { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage: COHERE_USAGE } },
        },
      ],
    ],
  },
  {
    wires: ['ollama'],
    path: '/api/chat',
    requests: [
      {
        model: 'llama3',
        messages: [{ role: 'user', content: 'Hi', images: ['AAAA'] }],
        options: { num_predict: 20, num_ctx: 2048 },
        think: true,
      },
      {
        model: 'llama3',
        prompt: 'Hi',
        system: 'Be brief',
        context: [1, 2, 3],
        stream: false,
        format: { type: 'object' },
      },
    ],
    responses: [{ ...OLLAMA_END, message: { role: 'assistant', content: 'Yes' } }],
    streams: [
      [
        { body: { model: 'llama3', message: { content: 'Y' }, done: false } },
        { body: { model: 'llama3', response: 'es', thinking: 'so', done: false } },
        { body: { ...OLLAMA_END, message: { content: '' } } },
      ],
    ],
  },
];
