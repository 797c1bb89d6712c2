import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountKey, encodeKeyPart } from '../../src/budget/account-key.js';
import { readWindow } from '../../src/budget/window.js';
import type { Tags } from '../../src/sink/sink.js';

const DAY = readWindow('day');
const KEY = /^[A-Za-z0-9_.~%=/:@+-]+$/;

/** Names a tag or a value may have, the crafted ones among them. */
const ATTACKS = [
  ...['__proto__', 'constructor', 'toString', '', ' ', '.', '..', '\0', '\n', '\r\n', '{', '}', '{a}', 'a}', '|', '%'],
  ...['%25', '%2F', '/', '=', 'a=b', 'a/b', '~', '~~', ':', ',', '"', "'", '\\', "'; drop table spend;--", '😀', 'é'],
  ...['\ud83d', '\ude00', '\ud800\ud800', '\ufffd', '%uD83D', 'é', 'undefined', 'null', 'alice|day', 'alice/day@UTC'],
];
const texts = fc.oneof(
  fc.constantFrom(...ATTACKS),
  fc.string(),
  fc.string({ unit: 'binary' }),
  // All code units, lone surrogates included.
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 200 }).map((units) => String.fromCharCode(...units)),
);

function tagsOf(entries: readonly (readonly [string, string | number | boolean])[]): Tags {
  const tags: Record<string, string | number | boolean> = Object.create(null);
  for (const [key, value] of entries) tags[key] = value;
  return tags;
}

describe('accountKey', () => {
  it('is one account for each name, window and combination of tags', () => {
    const tags = { team: 'search', user: 'alice@example.com', unrelated: 'x' };

    expect(accountKey('support', DAY, [], tags)).toBe('support/day@UTC');
    expect(accountKey('support', DAY, ['user'], tags)).toBe('support/day@UTC/user=alice@example.com');
    expect(accountKey('support', DAY, ['user', 'team'], tags)).toBe(
      'support/day@UTC/team=search/user=alice@example.com',
    );
  });

  it('does not depend on the order of per, nor changes it', () => {
    const per = Object.freeze(['b', 'a', 'c']);
    const tags = { a: 1, b: 2, c: 3 };

    expect(accountKey('n', DAY, per, tags)).toBe(accountKey('n', DAY, ['c', 'b', 'a'], tags));
  });

  it('takes values as text', () => {
    expect(accountKey('n', DAY, ['user'], { user: 1 })).toBe(accountKey('n', DAY, ['user'], { user: '1' }));
    expect(accountKey('n', DAY, ['user'], { user: true })).toBe(accountKey('n', DAY, ['user'], { user: 'true' }));
  });

  it('keeps a tag that is not set apart from every value', () => {
    const missing = accountKey('n', DAY, ['user'], {});

    expect(missing).toBe('n/day@UTC/user');
    expect(accountKey('n', DAY, ['user'], { user: undefined })).toBe(missing);
    for (const user of ['', 'undefined', 'null']) expect(accountKey('n', DAY, ['user'], { user })).not.toBe(missing);
  });

  it('does not read a value that only the prototype has', () => {
    for (const tag of ['__proto__', 'constructor', 'toString']) {
      expect(accountKey('n', DAY, [tag], {})).toBe(`n/day@UTC/${tag}`);
      expect(accountKey('n', DAY, [tag], tagsOf([[tag, 'x']]))).toBe(`n/day@UTC/${tag}=x`);
    }
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('keeps windows apart', () => {
    const options = ['hour', 'day', 'forever', { every: 'day', timeZone: 'Europe/Berlin' }, { rolling: '24h' }];
    const keys = options.map((option) => accountKey('n', readWindow(option), [], {}));

    expect(new Set(keys).size).toBe(options.length);
  });

  it.each([
    [
      ['alice|day', 'x'],
      ['alice', 'day|x'],
    ],
    [
      ['alice/b=day', 'x'],
      ['alice', 'day/b=x'],
    ],
    [
      ['alice,day', ''],
      ['alice', ',day'],
    ],
    [
      ['a%2F', 'b'],
      ['a/', 'b'],
    ],
  ])('cannot be made another account by a crafted tag: %j and %j', ([a1, b1], [a2, b2]) => {
    const per = ['a', 'b'];

    expect(accountKey('n', DAY, per, { a: a1, b: b1 })).not.toBe(accountKey('n', DAY, per, { a: a2, b: b2 }));
  });

  it('is the same only for the same name and the same values of the same tags', () => {
    const accounts = fc.tuple(texts, fc.array(fc.tuple(texts, texts), { maxLength: 4 }));
    const written = ([name, entries]: [string, [string, string][]]) =>
      JSON.stringify([name, [...new Map(entries)].sort(([left], [right]) => (left < right ? -1 : 1))]);
    const keyed = ([name, entries]: [string, [string, string][]]) =>
      accountKey(name, DAY, [...new Map(entries).keys()], tagsOf(entries));

    fc.assert(
      fc.property(accounts, accounts, (left, right) => {
        expect(keyed(left) === keyed(right)).toBe(written(left) === written(right));
        expect(keyed(left)).toMatch(KEY);
        expect(keyed(left).length).toBeLessThanOrEqual(1024);
      }),
      { numRuns: 2000 },
    );
  });

  it('stays within a length that every store takes, however many tags there are', () => {
    const per = Array.from({ length: 10_000 }, (_, index) => `tag${index}`);
    const tags = Object.fromEntries(per.map((tag) => [tag, 'value'.repeat(50)]));
    const key = accountKey('n', DAY, per, tags);

    expect(key.length).toBeLessThanOrEqual(1024);
    expect(key).toMatch(KEY);
    expect(accountKey('n', DAY, per, { ...tags, tag9999: 'other' })).not.toBe(key);
  });
});

describe('encodeKeyPart', () => {
  it.each([
    ['alice', 'alice'],
    ['alice+work@example.com', 'alice+work@example.com'],
    ['org:42', 'org%3A42'],
    ['a/b=c', 'a%2Fb%3Dc'],
    ['100%', '100%25'],
    ['~', '%7E'],
    ['{tag}', '%7Btag%7D'],
    ["!'()*", '%21%27%28%29%2A'],
    ['a\0\n', 'a%00%0A'],
    ['é😀', '%C3%A9%F0%9F%98%80'],
    ['\ud83d', '%uD83D'],
    ['', ''],
  ])('writes %j as %s', (text, encoded) => {
    expect(encodeKeyPart(text)).toBe(encoded);
  });

  it('keeps all texts apart', () => {
    const encoded = ATTACKS.map(encodeKeyPart);

    expect(new Set(encoded).size).toBe(new Set(ATTACKS).size);
    fc.assert(
      fc.property(texts, texts, (left, right) => {
        expect(encodeKeyPart(left) === encodeKeyPart(right)).toBe(left === right);
      }),
      { numRuns: 2000 },
    );
  });

  it('writes only characters that no store gives a meaning, 129 at most', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(encodeKeyPart(text)).toMatch(/^[A-Za-z0-9_.@+%~-]{0,129}$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps what is not long, and hashes what is', () => {
    const hash = createHash('sha256').update('a'.repeat(129), 'utf16le').digest('hex');

    expect(encodeKeyPart('a'.repeat(128))).toBe('a'.repeat(128));
    expect(encodeKeyPart('a'.repeat(129))).toBe(`${'a'.repeat(64)}~${hash}`);
    expect(encodeKeyPart('é'.repeat(22)).length).toBe(129);
  });

  it('marks a hash with a character that it writes nowhere else', () => {
    expect(encodeKeyPart(encodeKeyPart('a'.repeat(129)))).not.toBe(encodeKeyPart('a'.repeat(129)));
    fc.assert(fc.property(texts, (text) => encodeKeyPart(text).length === 129 || !encodeKeyPart(text).includes('~')));
  });

  it('keeps long values apart that differ late, or only in half a pair', () => {
    const long = 'x'.repeat(1_000_000);

    expect(encodeKeyPart(`${long}a`)).not.toBe(encodeKeyPart(`${long}b`));
    expect(encodeKeyPart(`${long}\ud800`)).not.toBe(encodeKeyPart(`${long}\ud801`));
    expect(encodeKeyPart(`${long}\ud800`)).not.toBe(encodeKeyPart(`${long}\ufffd`));
  });

  it('takes a value of a megabyte of anything', () => {
    for (const character of ['a', '%', '\n', '😀', '\ud800']) {
      expect(encodeKeyPart(character.repeat(1_000_000)).length).toBe(129);
    }
  });
});
