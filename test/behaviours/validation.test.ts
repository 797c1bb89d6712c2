import { describe, expect, it } from 'vitest';
import {
  addSink,
  bind,
  budget,
  ConfigError,
  configure,
  createGuard,
  guardFetch,
  instrument,
  on,
  prices,
  track,
} from '../../src/index.js';

/** JavaScript that the types would not let through. */
type Unchecked = (...parameters: unknown[]) => unknown;

function configErrorOf(make: () => unknown): ConfigError {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error('It was expected to throw');
}

const MAP = { 'gpt-4o': 'gpt-4o-mini' };

describe('budget', () => {
  it.each<[string, unknown, { option: string; value?: unknown; allowed: RegExp }]>([
    ['no options', undefined, { option: 'budget options', value: undefined, allowed: /give an object such as/ }],
    ['null', null, { option: 'budget options', value: null, allowed: /give an object such as/ }],
    ['a number', 5, { option: 'budget options', value: 5, allowed: /give an object such as/ }],
    ['no cap', {}, { option: 'budget caps', allowed: /at least one of usd, tokens, calls/ }],
    ['no cap but a name', { name: 'x' }, { option: 'budget caps', allowed: /at least one of usd, tokens, calls/ }],
    [
      'a misspelt option',
      { usd: 1, onExeed: 'block' },
      { option: 'budget option', value: 'onExeed', allowed: /onExceed/ },
    ],
    [
      'an unknown mode',
      { usd: 1, onExceed: 'blok' },
      { option: 'onExceed', value: 'blok', allowed: /block.*raise.*clamp/ },
    ],
    ['a mode of another case', { usd: 1, onExceed: 'Block' }, { option: 'onExceed', value: 'Block', allowed: /block/ }],
    ['an inherited name as a mode', { usd: 1, onExceed: 'toString' }, { option: 'onExceed', allowed: /block/ }],
    ['null as a mode', { usd: 1, onExceed: null }, { option: 'onExceed', value: null, allowed: /block/ }],
    ['an empty ladder', { usd: 1, onExceed: [] }, { option: 'onExceed', allowed: /block/ }],
    [
      'a ladder with a typo',
      { usd: 1, onExceed: ['clamp', 'blok'] },
      { option: 'onExceed', value: 'blok', allowed: /block/ },
    ],
    ['a step twice', { usd: 1, onExceed: ['block', 'block'] }, { option: 'onExceed', value: 'block', allowed: /once/ }],
    ['usd NaN', { usd: Number.NaN }, { option: 'usd', value: Number.NaN, allowed: /0 or more/ }],
    ['usd negative', { usd: -0.01 }, { option: 'usd', value: -0.01, allowed: /0 or more/ }],
    ['usd infinite', { usd: Number.POSITIVE_INFINITY }, { option: 'usd', allowed: /finite/ }],
    ['usd null', { usd: null }, { option: 'usd', value: null, allowed: /finite/ }],
    ['usd that is no number', { usd: '5 dollars' }, { option: 'usd', value: '5 dollars', allowed: /decimal string/ }],
    ['usd as an empty text', { usd: '' }, { option: 'usd', value: '', allowed: /decimal string/ }],
    ['usd as a negative text', { usd: '-1' }, { option: 'usd', value: '-1', allowed: /0 or more/ }],
    ['usd above what can be counted', { usd: 1e10 }, { option: 'usd', value: 1e10, allowed: /below 9007199/ }],
    ['a fraction of a token', { tokens: 1.5 }, { option: 'tokens', value: 1.5, allowed: /whole number, 0 or more/ }],
    ['negative tokens', { tokens: -1 }, { option: 'tokens', value: -1, allowed: /whole number, 0 or more/ }],
    ['tokens NaN', { tokens: Number.NaN }, { option: 'tokens', allowed: /whole number/ }],
    ['infinite tokens', { tokens: Number.POSITIVE_INFINITY }, { option: 'tokens', allowed: /whole number/ }],
    ['tokens as a text', { tokens: '100' }, { option: 'tokens', value: '100', allowed: /whole number/ }],
    ['a fraction of a call', { calls: 0.5 }, { option: 'calls', value: 0.5, allowed: /whole number/ }],
    ['negative calls', { calls: -1 }, { option: 'calls', value: -1, allowed: /whole number/ }],
    ['a good cap beside a bad one', { usd: 1, calls: Number.NaN }, { option: 'calls', allowed: /whole number/ }],
    [
      'clamp with nothing to work from',
      { calls: 5, onExceed: 'clamp' },
      { option: 'onExceed', value: 'clamp', allowed: /usd or tokens/ },
    ],
    [
      'downgrade without a map',
      { usd: 1, onExceed: 'downgrade' },
      { option: 'downgrade', value: undefined, allowed: /give a map/ },
    ],
    [
      'downgrade in a ladder without a map',
      { usd: 1, onExceed: ['downgrade', 'block'] },
      { option: 'downgrade', allowed: /give a map/ },
    ],
    ['a map without downgrade', { usd: 1, downgrade: MAP }, { option: 'downgrade', allowed: /onExceed: 'downgrade'/ }],
    ['an empty map', { usd: 1, onExceed: 'downgrade', downgrade: {} }, { option: 'downgrade', allowed: /give a map/ }],
    [
      'a list for a map',
      { usd: 1, onExceed: 'downgrade', downgrade: ['gpt-4o'] },
      { option: 'downgrade', allowed: /give a map/ },
    ],
    [
      'a target that is no name',
      { usd: 1, onExceed: 'downgrade', downgrade: { 'gpt-4o': 4 } },
      { option: "downgrade['gpt-4o']", value: 4, allowed: /give a map/ },
    ],
    [
      'a target without a name',
      { usd: 1, onExceed: 'downgrade', downgrade: { 'gpt-4o': '' } },
      { option: "downgrade['gpt-4o']", value: '', allowed: /give a map/ },
    ],
    [
      'a model to itself',
      { usd: 1, onExceed: 'downgrade', downgrade: { a: 'a' } },
      { option: 'downgrade', value: 'a → a', allowed: /cycle/ },
    ],
    [
      'a cycle',
      { usd: 1, onExceed: 'downgrade', downgrade: { a: 'b', b: 'c', c: 'a' } },
      { option: 'downgrade', value: 'a → b → c → a', allowed: /cycle/ },
    ],
    [
      'a dearer target',
      { usd: 1, onExceed: 'downgrade', downgrade: { 'gpt-4o-mini': 'gpt-4o' } },
      { option: "downgrade['gpt-4o-mini']", value: 'gpt-4o', allowed: /cheaper/ },
    ],
    ['an empty name', { usd: 1, name: '' }, { option: 'name', value: '', allowed: /not empty/ }],
    ['a name that is no text', { usd: 1, name: 7 }, { option: 'name', value: 7, allowed: /text/ }],
    ['a description that is no text', { usd: 1, description: {} }, { option: 'description', allowed: /text/ }],
    [
      'a ceiling of zero',
      { usd: 1, maxOutputTokens: 0 },
      { option: 'maxOutputTokens', value: 0, allowed: /1 or more/ },
    ],
    ['a ceiling with a fraction', { usd: 1, maxOutputTokens: 10.5 }, { option: 'maxOutputTokens', allowed: /whole/ }],
    ['a negative reserve', { usd: 1, outputReserve: -1 }, { option: 'outputReserve', value: -1, allowed: /0 or more/ }],
    ['an unknown bound', { usd: 1, bound: 'none' }, { option: 'bound', value: 'none', allowed: /'ceiling'/ }],
    [
      'an unknown input bound',
      { usd: 1, inputBound: 'words' },
      { option: 'inputBound', value: 'words', allowed: /'bytes'/ },
    ],
    [
      'an unknown answer to no price',
      { usd: 1, onUnpriced: 'ignore' },
      { option: 'onUnpriced', value: 'ignore', allowed: /'refuse', 'warn'/ },
    ],
    ['no model to assume', { usd: 1, onUnpriced: { assume: '' } }, { option: 'onUnpriced', allowed: /assume/ }],
    [
      'an unknown answer to an unknown outcome',
      { usd: 1, onUnknown: 'free' },
      { option: 'onUnknown', value: 'free', allowed: /'charge'/ },
    ],
  ])(
    'refuses %s at creation, naming the option, the value and what is allowed',
    (_, options, { option, allowed, ...named }) => {
      const error = configErrorOf(() => (budget as Unchecked)(options));

      expect(error.option).toBe(option);
      if ('value' in named) expect(error.value).toEqual(named.value);
      expect(error.remedy).toMatch(allowed);
      expect(error.message).toContain(option);
      expect(error.code).toBe('config_error');
    },
  );

  it('is not fooled by what an object inherits', () => {
    const inherited = Object.create({ usd: 1 });
    expect(configErrorOf(() => (createGuard().budget as Unchecked)(JSON.parse('{"usd":1,"__proto__":{}}'))).value).toBe(
      '__proto__',
    );
    expect(() => (createGuard().budget as Unchecked)(inherited)).not.toThrow(TypeError);
  });

  it('takes what is allowed, at its edges', () => {
    const guard = createGuard();
    for (const options of [
      { usd: 0 },
      { usd: '0.000000001' },
      { usd: 9007199, tokens: 0, calls: 0 },
      { tokens: Number.MAX_SAFE_INTEGER },
      { usd: 1, outputReserve: 0, name: undefined },
      { usd: 1, onExceed: ['downgrade', 'clamp', 'block'], downgrade: { ...MAP, 'gpt-4o-mini': 'unknown-model' } },
    ]) {
      expect(() => (guard.budget as Unchecked)(options)).not.toThrow();
    }
  });

  it('refuses what is no function to put under it', () => {
    for (const make of [
      () => (budget as Unchecked)({ usd: 1 }, 5),
      () => (budget({ usd: 1 }) as Unchecked)('text'),
      () => (budget({ usd: 1 }).run as Unchecked)(undefined),
      () => (budget({ usd: 1 }) as Unchecked)({}, 'name', { get: () => 1 }),
    ]) {
      expect(configErrorOf(make).remedy).toMatch(/function/);
    }
  });
});

describe('the other functions', () => {
  it.each<[string, () => unknown, string]>([
    ['track with no object', () => (track as Unchecked)('search', () => 1), 'tags'],
    ['track with a list', () => (track as Unchecked)([], () => 1), 'tags'],
    ['track with an object as a value', () => (track as Unchecked)({ user: { id: 1 } }, () => 1), "tag 'user'"],
    ['track with null as a value', () => (track as Unchecked)({ user: null }, () => 1), "tag 'user'"],
    ['track without a function', () => (track as Unchecked)({ feature: 'x' }), 'track'],
    ['bind without a function', () => (bind as Unchecked)(5), 'bind'],
    ['instrument with nothing', () => (instrument as Unchecked)(undefined), 'instrument client'],
    ['instrument with an object it does not know', () => instrument({ complete: () => 1 }), 'instrument client'],
    [
      'instrument with an unknown option',
      () => (instrument as Unchecked)({ messages: { create: () => 1 } }, { tag: 1 }),
      'instrument option',
    ],
    ['guardFetch with no function', () => (guardFetch as Unchecked)('fetch'), 'guardFetch'],
    ['on with an unknown event', () => (on as Unchecked)('exploded', () => 1), 'event'],
    ['on without a function', () => (on as Unchecked)('blocked'), 'listener'],
    ['configure with an unknown key', () => (configure as Unchecked)({ maxRecord: 5 }), 'configure option'],
    ['configure with nothing', () => (configure as Unchecked)(undefined), 'configure options'],
    ['configure with a bad policy', () => (configure as Unchecked)({ onUnpriced: 'ask' }), 'onUnpriced'],
    ['configure with a listener that is none', () => (configure as Unchecked)({ onWarning: 'print' }), 'onWarning'],
    ['configure with a bad number of records', () => configure({ maxRecords: -1 }), 'maxRecords'],
    ['configure with sinks that are no list', () => (configure as Unchecked)({ sinks: {} }), 'sinks'],
    ['configure with a sink that cannot write', () => (configure as Unchecked)({ sinks: [{ name: 'x' }] }), 'sink'],
    ['addSink without a name', () => (addSink as Unchecked)({ write: () => undefined }), 'sink'],
    ['createGuard with an unknown key', () => (createGuard as Unchecked)({ clok: 1 }), 'createGuard option'],
    ['createGuard with a clock that tells no time', () => (createGuard as Unchecked)({ clock: {} }), 'clock.nowMs'],
    ['a price without an output rate', () => prices.register('house', { input: 1 }), "price of 'house': output"],
    ['a negative price', () => prices.register('house', { input: -1, output: 1 }), "price of 'house': input"],
    [
      'a price that is NaN',
      () => prices.register('house', { input: 1, output: Number.NaN }),
      "price of 'house': output",
    ],
    ['a price like nothing known', () => prices.alias('house', { like: 'nobody' }), "price of 'house': like"],
  ])('refuse %s with a ConfigError that names it', (_, make, option) => {
    const error = configErrorOf(make);
    expect(error.option).toBe(option);
    expect(error.remedy).not.toBe('');
  });

  it('name the clients that instrument knows', () => {
    const error = configErrorOf(() => instrument({}));
    expect(error.remedy).toMatch(/openai.*@anthropic-ai\/sdk.*guardFetch/);
  });

  it('change nothing where one of several settings is bad', async () => {
    const guard = createGuard({ maxRecords: 3 });
    const usage = { prompt_tokens: 1, completion_tokens: 1 };
    const double = guard.instrument({
      chat: { completions: { create: async (_: object) => ({ choices: [], usage }) } },
    });

    configErrorOf(() => (guard.configure as Unchecked)({ maxRecords: 1, onUnpriced: 'ask' }));
    configErrorOf(() => (guard.configure as Unchecked)({ maxRecords: 1, sinks: [{}] }));
    for (let turn = 0; turn < 3; turn += 1) await double.chat.completions.create({ model: 'gpt-4o', messages: [] });

    expect(guard.report().total().calls).toBe(3);
    expect(guard.dropped()).toBe(0);
  });
});
