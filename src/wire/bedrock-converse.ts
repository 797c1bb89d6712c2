import { readConverseInput } from './bedrock-converse-input.js';
import { isConversePath, isStreamPath, modelInPath, pathWithModel } from './bedrock-converse-path.js';
import { followConverseStream } from './bedrock-converse-stream.js';
import { readConverseBill, tierOf } from './bedrock-converse-usage.js';
import { asArray, asCount, asName, asObject, asString, isPresent } from './json.js';
import type { CallRequest, HostedTools, JsonObject, RequestPatch, Wire } from './wire.js';

/**
 * Amazon Bedrock's Converse and ConverseStream, whose model is in the path: `/model/{modelId}/converse`. The AWS SDK's
 * input, with `modelId` in it and bytes in the place of base64, is read the same way. Shapes follow `ConverseRequest` of
 * `@aws-sdk/client-bedrock-runtime` 3.1164.
 *
 * A request that is signed (SigV4) is signed with its body and its path: once it is, neither can be rewritten.
 */
export const bedrockConverse: Wire = {
  id: 'bedrock-converse',
  provider: 'aws',
  framing: 'aws-event-stream',
  matches: isConversePath,
  readRequest,
  readInput: readConverseInput,
  rewrite,
  rewritePath: pathWithModel,
  // The last event of every stream carries the usage.
  askForUsage: (body) => body,
  readResponse: readConverseBill,
  followStream: followConverseStream,
  refusalBody: (error) => ({ __type: error.code, message: error.message }),
};

function readRequest(body: JsonObject, path: string): CallRequest {
  const model = modelInPath(path) ?? asString(body.modelId) ?? '';
  const ceiling = asCount(asObject(body.inferenceConfig)?.maxTokens);
  const reasoning = readReasoning(body);
  const serviceTier = tierOf(body);
  const hostedTools = readHostedTools(body);
  const isManagedPrompt = isPresent(body.promptVariables) || /^arn:[^/]*:prompt\//.test(model);
  return {
    operation: 'chat',
    model,
    stream: isStreamPath(path),
    choices: 1,
    minOutputTokens: leastCeiling(reasoning),
    ...(ceiling !== undefined && { maxOutputTokens: ceiling }),
    ...(serviceTier !== undefined && { serviceTier }),
    ...(asName(reasoning?.type) !== undefined && { hidesReasoning: reasoning?.type !== 'disabled' }),
    ...(isManagedPrompt && { unboundedInput: 'a managed prompt sends a template that is kept at the provider' }),
    ...(hostedTools !== undefined && { hostedTools }),
  };
}

/** Reasoning is set among the fields that go to the model as they are: by two names for Claude, by another for Nova. */
function readReasoning(body: JsonObject): JsonObject | undefined {
  const fields = asObject(body.additionalModelRequestFields);
  return asObject(fields?.thinking) ?? asObject(fields?.reasoning_config) ?? asObject(fields?.reasoningConfig);
}

/** Claude's thinking counts towards `maxTokens`, and a budget that leaves nothing for the answer is refused. */
function leastCeiling(reasoning: JsonObject | undefined): number {
  return reasoning?.type === 'enabled'
    ? Math.min((asCount(reasoning.budget_tokens) ?? 0) + 1, Number.MAX_SAFE_INTEGER)
    : 1;
}

/** System tools run at the provider, as often as the model likes. */
function readHostedTools(body: JsonObject): HostedTools | undefined {
  const tools = asArray(asObject(body.toolConfig)?.tools).map((tool) => asObject(asObject(tool)?.systemTool));
  const hosted = tools.filter((tool) => tool !== undefined);
  if (hosted.length === 0) return undefined;
  const searches = hosted.some((tool) => tool.name === 'nova_grounding');
  return { maxCalls: undefined, maxWebSearches: searches ? 1 : 0 };
}

function rewrite(body: JsonObject, patch: RequestPatch): JsonObject {
  return {
    ...body,
    // Over HTTP the model is in the path.
    ...(patch.model !== undefined && 'modelId' in body && { modelId: patch.model }),
    ...(patch.maxOutputTokens !== undefined && {
      inferenceConfig: { ...asObject(body.inferenceConfig), maxTokens: patch.maxOutputTokens },
    }),
  };
}
