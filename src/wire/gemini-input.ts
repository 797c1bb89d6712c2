import { fieldOf, requestField, settingsOf } from './gemini-fields.js';
import { createInputCollector, type InputCollector } from './input-collector.js';
import { asArray, asObject, asString, isPresent } from './json.js';
import type { InputContent, JsonObject, MediaPart } from './wire.js';

// Google does not publish the framing of a turn; 8 tokens stay above what its counts show.
const TOKENS_PER_TURN = 8;
const TOKENS_PER_TOOL = 16;

/** Everything that a `generateContent` request shows of what it sends in. */
export function readGeminiInput(body: JsonObject): InputContent {
  const collector = createInputCollector();
  const system = requestField(body, 'systemInstruction');
  if (system !== undefined) addTurn(collector, system);
  const contents = body.contents;
  // The API also takes a single turn where a list of turns belongs.
  if (Array.isArray(contents)) for (const turn of contents) addTurn(collector, turn);
  else if (isPresent(contents)) addTurn(collector, contents);
  addTools(collector, body);
  const settings = settingsOf(body);
  for (const name of ['responseSchema', 'responseJsonSchema', 'responseFormat']) {
    collector.addTree(fieldOf(settings, name));
  }
  return collector.finish();
}

/** Adds a turn: an object with parts, or, as the SDK writes it, a text or a part of its own. */
function addTurn(collector: InputCollector, value: unknown): void {
  collector.addOverhead(TOKENS_PER_TURN);
  const turn = asObject(value);
  if (typeof value === 'string') collector.addText(value);
  else if (turn === undefined) collector.addTree(value);
  else if (Array.isArray(turn.parts)) for (const part of turn.parts) addPart(collector, part);
  else addPart(collector, turn.parts ?? turn);
}

function addPart(collector: InputCollector, value: unknown): void {
  const part = asObject(value);
  if (part === undefined) {
    collector.addTree(value);
    return;
  }
  // A part has one kind of content, but what else it carries must not be lost: a signature, a kind not known yet.
  const rest: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(part)) if (!addField(collector, key, field)) rest[key] = field;
  if (Object.keys(rest).length > 0) collector.addTree(rest);
}

/** Adds one field of a part; `false` for one that has no rule of its own. */
function addField(collector: InputCollector, key: string, field: unknown): boolean {
  switch (key) {
    case 'text':
      if (typeof field !== 'string') return false;
      collector.addText(field);
      return true;
    // A mark on the part, not content.
    case 'thought':
      return typeof field === 'boolean';
    case 'inlineData':
    case 'inline_data':
      return addMedia(collector, asObject(field), asObject(field)?.data);
    case 'fileData':
    case 'file_data':
      return addMedia(collector, asObject(field), undefined);
    case 'functionCall':
    case 'function_call':
    case 'functionResponse':
    case 'function_response':
      return addFunction(collector, asObject(field));
    default:
      return false;
  }
}

function addMedia(collector: InputCollector, media: JsonObject | undefined, data: unknown): boolean {
  if (media === undefined) return false;
  collector.addMedia(mediaKind(asString(fieldOf(media, 'mimeType'))), data);
  collector.addText(fieldOf(media, 'displayName'));
  return true;
}

/** The kind of media behind a MIME type. Film and documents are files: only the model's context bounds them. */
function mediaKind(mimeType: string | undefined): MediaPart['kind'] {
  if (mimeType?.startsWith('image/')) return 'image';
  return mimeType?.startsWith('audio/') ? 'audio' : 'file';
}

function addFunction(collector: InputCollector, called: JsonObject | undefined): boolean {
  if (called === undefined) return false;
  const { name, id, args, response, parts, ...rest } = called;
  collector.addOverhead(TOKENS_PER_TURN);
  collector.addText(name);
  collector.addText(id);
  collector.addTree(args);
  collector.addTree(response);
  // The media in a function's result. They hold no functions of their own, so one that has is counted by its bytes.
  for (const part of asArray(parts)) {
    const inner = asObject(part);
    const inline = asObject(fieldOf(inner, 'inlineData'));
    if (inline !== undefined) addMedia(collector, inline, inline.data);
    else if (!addMedia(collector, asObject(fieldOf(inner, 'fileData')), undefined)) collector.addTree(part);
  }
  if (Object.keys(rest).length > 0) collector.addTree(rest);
  return true;
}

function addTools(collector: InputCollector, body: JsonObject): void {
  for (const tool of asArray(requestField(body, 'tools'))) {
    collector.addTree(tool);
    collector.addOverhead(TOKENS_PER_TOOL);
    const declared = asArray(fieldOf(asObject(tool), 'functionDeclarations'));
    collector.addOverhead(TOKENS_PER_TOOL * declared.length);
  }
}
