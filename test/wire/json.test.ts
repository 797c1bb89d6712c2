import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asArray, asCount, asName, asObject, asString, isPresent, parseJson } from '../../src/wire/json.js';
import { collectStrings, toJsonText } from '../../src/wire/json-text.js';

test('readers take what they name and nothing else', () => {
  expect([{}, [], null, 'x', 1].map(asObject)).toEqual([{}, undefined, undefined, undefined, undefined]);
  expect([[1], {}, 'x'].map(asArray)).toEqual([[1], [], []]);
  expect(['', 'x', 1].map(asString)).toEqual(['', 'x', undefined]);
  expect(['', 'x', 1].map(asName)).toEqual([undefined, 'x', undefined]);
  expect([0, 2 ** 53 - 1, 2 ** 53, -1, 0.5, '1', true].map(asCount)).toEqual([
    0,
    2 ** 53 - 1,
    ...Array(5).fill(undefined),
  ]);
  expect([0, '', false, null, undefined].map(isPresent)).toEqual([true, true, true, false, false]);
});

test('only JSON objects parse', () => {
  expect(parseJson('{"a":1}')).toEqual({ a: 1 });
  expect(['', '[1]', '1', 'null', '{', '[DONE]'].map(parseJson)).toEqual(Array(6).fill(undefined));
});

test('a tree 100 000 levels deep is parsed, written and searched', () => {
  const deep = `${'{"a":['.repeat(100_000)}"x"${']}'.repeat(100_000)}`;
  const tree = parseJson(deep);
  expect(toJsonText(tree) === deep).toBe(true);
  const strings: string[] = [];
  collectStrings(tree, strings);
  expect(strings).toEqual(['x']);
});

test('text is written as the engine writes it, deep or not', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      expect(toJsonText(value)).toBe(JSON.stringify(value));
      // A member that the engine refuses sends the whole tree the other way.
      expect(toJsonText([value, 1n])).toBe(JSON.stringify([value, null]));
    }),
  );
});
