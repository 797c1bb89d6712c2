import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createGuard, type Encoder } from '../../src/index.js';
import { useProviders } from '../testing/clients.js';
import { CHAT, errorOf, RESPONSES, type SdkCall } from './sdk-calls.js';

const startProvider = useProviders();
const MEGABYTE = 1024 * 1024;

/** A guard whose encoder takes four characters for a token, and what it was asked. */
function countingGuard() {
  const asked: string[] = [];
  const seen = { characters: 0, longest: 0, calls: 0 };
  const encode: Encoder = (text) => {
    seen.calls += 1;
    seen.characters += text.length;
    seen.longest = Math.max(seen.longest, text.length);
    return Math.ceil(text.length / 4);
  };
  const guard = createGuard({
    encoders: async (model) => {
      asked.push(model);
      return encode;
    },
  });
  return { guard, asked, seen };
}

function textBody(sdk: SdkCall, text: string): object {
  return sdk === CHAT ? { messages: [{ role: 'user', content: text }] } : { input: text };
}

describe.each([CHAT, RESPONSES])('the input of $name', (sdk) => {
  it('is not counted where its bytes fit', async () => {
    const provider = await startProvider();
    const { guard, asked } = countingGuard();
    const { create } = sdk.open(provider, { guard });

    await guard.budget({ usd: 1 }).run(() => create(textBody(sdk, 'x'.repeat(10_000))));

    expect(asked).toEqual([]);
  });

  it('is not counted outside of any budget', async () => {
    const provider = await startProvider();
    const { guard, asked } = countingGuard();
    const { create } = sdk.open(provider, { guard });

    await create(textBody(sdk, 'x'.repeat(10_000)));

    expect(asked).toEqual([]);
  });

  it('is counted, once, where its bytes do not fit', async () => {
    const provider = await startProvider();
    const { guard, asked, seen } = countingGuard();
    const { create } = sdk.open(provider, { guard });
    const text = 'word '.repeat(4000);

    // By bytes it takes 5 cents and more; counted, a quarter of that.
    await guard.budget({ usd: 0.03 }).run(() => create(textBody(sdk, text)));

    expect(asked).toEqual([sdk.model]);
    expect(seen.characters).toBe(text.length);
    expect(provider.calls).toBe(1);
  });

  it('is not counted where even no input at all would not fit', async () => {
    const provider = await startProvider();
    const { guard, asked } = countingGuard();
    const { create } = sdk.open(provider, { guard });

    await guard.budget({ usd: 0.0001 }).run(() => errorOf(create(textBody(sdk, 'word '.repeat(4000)))));

    expect(asked).toEqual([]);
    expect(provider.calls).toBe(0);
  });

  it("is never counted under inputBound 'bytes'", async () => {
    const provider = await startProvider();
    const { guard, asked } = countingGuard();
    const { create } = sdk.open(provider, { guard });

    await guard
      .budget({ usd: 0.03, inputBound: 'bytes' })
      .run(() => errorOf(create(textBody(sdk, 'word '.repeat(4000)))));

    expect(asked).toEqual([]);
    expect(provider.calls).toBe(0);
  });

  it.each([
    ['one letter', 'a'.repeat(MEGABYTE)],
    ['spaces', ' '.repeat(MEGABYTE)],
    ['line feeds', '\n'.repeat(MEGABYTE)],
    ['emoji', '👩‍👩‍👧‍👦'.repeat(MEGABYTE / 25)],
    ['signs', '!@#$'.repeat(MEGABYTE / 4)],
    ['words', 'all work and no play '.repeat(MEGABYTE / 21)],
  ])('is counted in linear time and in slices: a megabyte of %s', async (_, text) => {
    const { guard, seen } = countingGuard();

    const { inputTokens } = await guard.estimate({ model: sdk.model, ...textBody(sdk, text) });

    // The estimate counts twice: what is expected, and what is the most.
    expect(seen.characters).toBe(2 * text.length);
    expect(seen.longest).toBeLessThanOrEqual(1024);
    expect(seen.calls).toBeLessThan((2 * text.length) / 500);
    expect(inputTokens).toBeGreaterThanOrEqual(text.length / 4);
  });

  it('gives an encoder no more characters than a refused call has', async () => {
    const provider = await startProvider();
    const { guard, seen } = countingGuard();
    const { create } = sdk.open(provider, { guard });
    const text = 'a'.repeat(MEGABYTE);

    await guard.budget({ usd: 0.1 }).run(() => errorOf(create(textBody(sdk, text))));

    expect(seen.characters).toBe(text.length);
    expect(seen.longest).toBeLessThanOrEqual(1024);
    expect(provider.calls).toBe(0);
  });
});

describe('importing the package', () => {
  it('loads no tokenizer, no SDK and no database driver', { timeout: 60_000 }, async () => {
    const loaded = await loadedByImport();

    expect(loaded.some((url) => url.endsWith('/src/index.ts'))).toBe(true);
    expect(loaded.filter((url) => url.includes('/node_modules/'))).toEqual([]);
  });
});

/** The addresses of all modules that `import` of the package loads, told by a loader hook of a process of its own. */
async function loadedByImport(): Promise<string[]> {
  const hook = `
    import { writeSync } from 'node:fs';
    export async function load(url, context, next) {
      writeSync(1, url + '\\n');
      return next(url, context);
    }
  `;
  const program = `
    import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));
    await import(${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)});
  `;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
    cwd: new URL('../..', import.meta.url),
    maxBuffer: 10 * MEGABYTE,
  });
  return stdout.split('\n').filter((line) => line !== '' && !line.includes('/tsx/'));
}
