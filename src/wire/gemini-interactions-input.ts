import { createInputCollector, type InputCollector } from './input-collector.js';
import { asArray, asObject, asString, isPresent } from './json.js';
import type { InputContent, JsonObject, MediaPart } from './wire.js';

// Google does not publish the framing of a step; 8 tokens stay above what its counts show.
const TOKENS_PER_STEP = 8;
const TOKENS_PER_TOOL = 16;

/** Film and documents are files: only the model's context bounds them. */
const MEDIA: ReadonlyMap<unknown, MediaPart['kind']> = new Map([
  ['image', 'image'],
  ['audio', 'audio'],
  ['video', 'file'],
  ['document', 'file'],
]);

/** Everything that an interaction's request shows of what it sends in. */
export function readInteractionInput(body: JsonObject): InputContent {
  const collector = createInputCollector();
  collector.addOverhead(TOKENS_PER_STEP);
  addSteps(collector, body.system_instruction);
  addSteps(collector, body.input);
  for (const tool of asArray(body.tools)) {
    collector.addTree(tool);
    collector.addOverhead(TOKENS_PER_TOOL);
  }
  collector.addTree(body.response_format);
  return collector.finish();
}

/** Adds a text, a step, or a list of them. Steps hold content: a list of what is still to do takes its place. */
function addSteps(collector: InputCollector, input: unknown): void {
  const pending: unknown[] = [input];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value === 'string') collector.addText(value);
    else if (Array.isArray(value))
      for (let index = value.length - 1; index >= 0; index -= 1) pending.push(value[index]);
    else if (isPresent(value)) {
      collector.addOverhead(TOKENS_PER_STEP);
      addStep(collector, value, pending);
    }
  }
}

function addStep(collector: InputCollector, value: unknown, pending: unknown[]): void {
  const step = asObject(value);
  const type = step?.type;
  const media = MEDIA.get(type);
  if (step === undefined) collector.addTree(value);
  else if (media !== undefined) collector.addMedia(media, asString(step.data));
  else if (type === 'text') {
    collector.addText(step.text);
    collector.addTree(step.annotations);
  } else if (type === 'user_input' || type === 'model_output' || (!isPresent(type) && isPresent(step.role))) {
    pending.push(step.content);
  } else if (type === 'thought') {
    collector.addTree(step.signature);
    pending.push(step.summary);
  } else if (type === 'function_call') {
    collector.addText(step.name);
    collector.addText(step.id);
    collector.addTree(step.arguments);
  } else if (type === 'function_result') {
    collector.addText(step.name);
    collector.addText(step.call_id);
    if (asObject(step.result) === undefined) pending.push(step.result);
    else collector.addTree(step.result);
  } else {
    // What Google's own tools were asked and found, and kinds not known yet: whatever they hold counts by its bytes.
    collector.addTree(value);
  }
}
