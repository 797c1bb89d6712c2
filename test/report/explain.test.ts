import { describe, expect, it } from 'vitest';
import { explain } from '../../src/report/explain.js';
import { makeRecord } from './records.js';

const record = makeRecord({
  servedModel: 'gpt-test-2026',
  costNanoUsd: 17_506_251,
  items: [
    { kind: 'input', quantity: 1000, ratePicoUsd: 2_500_000, costPicoUsd: 2_500_000_000 },
    { kind: 'cache_read', quantity: 5, ratePicoUsd: 1_250_001, costPicoUsd: 6_250_005 },
    { kind: 'output', quantity: 500, ratePicoUsd: 10_000_000, costPicoUsd: 5_000_000_000n },
    { kind: 'web_search', quantity: 1, ratePicoUsd: 10_000_000_000, costPicoUsd: 10_000_000_000 },
  ],
  priceSource: 'genai-prices 0.1.8',
  priceAsOf: '2026-11-01',
  serviceTier: 'flex',
});

describe('explain', () => {
  it('gives each line of the bill exactly', () => {
    const explained = explain(record);
    expect(explained.items.map(({ kind, unit, rateUsd, costUsd }) => [kind, unit, rateUsd, costUsd])).toEqual([
      ['input', 'token', '2.5', '0.0025'],
      ['cache_read', 'token', '1.250001', '0.000006250005'],
      ['output', 'token', '10', '0.005'],
      ['web_search', 'search', '0.01', '0.01'],
    ]);
    expect(explained).toMatchObject({ model: 'gpt-test-2026', costUsd: '0.017506251', basis: 'priced' });
  });

  it('reads as a table', () => {
    expect(`${explain(record)}`.split('\n')).toEqual([
      'gpt-test-2026 (openai)',
      'item        quantity            rate             cost',
      '─────────────────────────────────────────────────────',
      'input          1,000       $2.5 / 1M          $0.0025',
      'cache_read         5  $1.250001 / 1M  $0.000006250005',
      'output           500        $10 / 1M           $0.005',
      'web_search         1      $0.01 each            $0.01',
      '─────────────────────────────────────────────────────',
      'total                                    $0.017506251',
      'usage the provider told, at list prices; prices: genai-prices 0.1.8, as of 2026-11-01; service tier: flex',
    ]);
  });

  it('says why a call without a price is free, and what a presumed one was charged', () => {
    const unpriced = explain(makeRecord({ basis: 'unpriced', items: [], costNanoUsd: 0 }));
    expect([unpriced.items, `${unpriced}`]).toEqual([[], expect.stringMatching(/total\s+\$0\n.*no price/)]);
    const presumed = explain(
      makeRecord({ basis: 'presumed', items: [{ kind: 'presumed', quantity: 1, costPicoUsd: 9_000_000_000 }] }),
    );
    expect(presumed.items).toEqual([{ kind: 'presumed', quantity: 1, unit: 'call', costUsd: '0.009' }]);
    expect(`${presumed}`).toMatch(/presumed\s+1\s+\$0\.009\n(.*\n)*.*outcome is unknown/);
  });

  it('counts searches of files by the piece', () => {
    const [item] = explain(
      makeRecord({
        items: [{ kind: 'file_search', quantity: 2, ratePicoUsd: 2_500_000_000, costPicoUsd: 5_000_000_000 }],
      }),
    ).items;
    expect(item).toEqual({ kind: 'file_search', quantity: 2, unit: 'search', rateUsd: '0.0025', costUsd: '0.005' });
  });

  it.each([
    ['image_input', 'token', '10'],
    ['image_output', 'token', '10'],
    ['code_session', 'session', '0.00001'],
    ['image', 'image', '0.00001'],
    ['audio_duration', 'second', '0.00001'],
    ['request', 'call', '0.00001'],
  ] as const)('counts %s by the %s', (kind, unit, rateUsd) => {
    const items = [{ kind, quantity: 3, ratePicoUsd: 10_000_000, costPicoUsd: 30_000_000 }];
    const explained = explain(makeRecord({ items }));
    expect(explained.items).toEqual([{ kind, quantity: 3, unit, rateUsd, costUsd: '0.00003' }]);
    expect(`${explained}`).toMatch(new RegExp(`${kind} +3 +\\$${rateUsd} ${unit === 'token' ? '/ 1M' : 'each'}`));
  });

  it('is frozen, plain data, and obeys no terminal', () => {
    const explained = explain(makeRecord({ model: 'evil\u001b[2J' }));
    expect([Object.isFrozen(explained), Object.isFrozen(explained.items), Object.isFrozen(explained.items[0])]).toEqual(
      [...[true, true, true]],
    );
    expect(Object.keys(explained)).not.toContain('toString');
    expect(`${explained}`).not.toContain('\u001b');
  });
});
