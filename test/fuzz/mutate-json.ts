import type { Random } from './random.js';

/** A place in a JSON tree. */
interface Place {
  readonly holder: object;
  readonly key: string;
}

/** Field names of every format, so that a renamed field lands where another codec looks. */
const KEYS = [
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', 'then', 'toJSON', '0', ''],
  ...['model', 'usage', 'choices', 'delta', 'content', 'type', 'stream', 'n', 'messages', 'input', 'prompt', 'tools'],
  ...['message', 'response', 'error', 'index', 'finish_reason', 'service_tier', 'iterations', 'cache_creation'],
  ...['prompt_tokens', 'completion_tokens', 'total_tokens', 'input_tokens', 'output_tokens', 'cost', 'is_byok'],
  ...['usageMetadata', 'candidates', 'parts', 'generationConfig', 'metadata', 'metrics', 'inputTokens', 'cacheDetails'],
  ...['billed_units', 'tokens', 'done', 'eval_count', 'prompt_eval_count', 'options', 'interaction', 'event_type'],
];
const TEXTS = [
  ...['', 'x', '\u0000', '\ud800', '\udc00x', '\ud83d', '\u2028', '"usage":null', '[DONE]', '20', '1e999', 'NaN'],
  ...['message_start', 'message_delta', 'message_stop', 'response.completed', 'image_generation.completed', '1h'],
  ...[
    '__proto__',
    'flex',
    'priority',
    'claude-opus-4-8',
    'gemini-2.5-pro',
    'data:image/png;base64,AAAA',
    '9'.repeat(400),
  ],
];
const NUMBERS = [
  ...[0, -0, 1, -1, 1.5, 7, 1e15, 2 ** 53 - 1, 2 ** 53, 2 ** 63, -(2 ** 53), 1e308, -1e308, 5e-324],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
];

function placesOf(root: object): Place[] {
  const places: Place[] = [];
  const pending: object[] = [root];
  for (let holder = pending.pop(); holder !== undefined; holder = pending.pop()) {
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      const value = valueAt({ holder, key });
      if (typeof value === 'object' && value !== null) pending.push(value);
    }
  }
  return places;
}

function valueAt({ holder, key }: Place): unknown {
  return Object.getOwnPropertyDescriptor(holder, key)?.value;
}

/** Sets an own property whatever its name: an assignment to `__proto__` would change the prototype instead. */
function setAt({ holder, key }: Place, value: unknown): void {
  if (Array.isArray(holder) && key === 'length') return;
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

function nest(value: unknown, depth: number, isList: boolean): unknown {
  let nested = value;
  for (let level = 0; level < depth; level += 1) nested = isList ? [nested] : { content: nested };
  return nested;
}

function evilValue(random: Random): unknown {
  switch (random.below(6)) {
    case 0:
      return random.pick([null, true, false, undefined]);
    case 1:
      return random.pick(TEXTS);
    case 2:
      return random.pick<unknown>([[], {}, [null], [[]], { type: 'x' }, { length: -1 }]);
    case 3:
      return nest(random.pick(TEXTS), random.oneIn(300) ? 1000 : random.below(20), random.oneIn(2));
    default:
      return random.pick(NUMBERS);
  }
}

function changeList(random: Random, list: unknown[]): void {
  const index = random.below(list.length);
  switch (random.below(4)) {
    case 0:
      list.splice(index, 1);
      break;
    case 1:
      list.splice(index, 0, structuredClone(list[index]));
      break;
    case 2:
      list.reverse();
      break;
    default:
      for (let copies = random.oneIn(50) ? 300 : 3; copies > 0; copies -= 1) list.push(list[index]);
  }
}

type Change = (random: Random, place: Place, places: readonly Place[]) => void;

const CHANGES: readonly Change[] = [
  function remove(_, { holder, key }) {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else Reflect.deleteProperty(holder, key);
  },
  function copyUnderAnotherName(random, { holder, key }) {
    const name = Array.isArray(holder) ? key : random.pick(KEYS);
    setAt({ holder, key: name }, valueAt({ holder, key }));
  },
  function replaceByAnotherPart(random, place, places) {
    setAt(place, structuredClone(valueAt(random.pick(places))));
  },
  function changeOrWrapList(random, place) {
    const value = valueAt(place);
    if (Array.isArray(value) && value.length > 0) changeList(random, value);
    else setAt(place, random.oneIn(2) ? [value] : { content: value });
  },
  function scale(random, place) {
    const value = valueAt(place);
    setAt(place, typeof value === 'number' ? value * random.pick([-1, 0.5, 1000, 1e300]) : evilValue(random));
  },
  (random, place) => setAt(place, evilValue(random)),
  (random, place) => setAt(place, evilValue(random)),
];

/** A copy of `seed` with some of its parts deleted, renamed, moved, repeated or made nonsense. */
export function mutateJson(random: Random, seed: object): object {
  const copy = structuredClone(seed);
  for (let changes = random.below(5); changes > 0; changes -= 1) {
    const places = placesOf(copy);
    if (places.length > 0) random.pick(CHANGES)(random, random.pick(places), places);
  }
  return copy;
}
