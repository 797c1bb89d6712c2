import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/wire/json.js';
import type { JsonObject, Wire } from '../../src/wire/wire.js';
import { WIRES } from '../../src/wire/wires.js';
import { checkReading } from './check-amounts.js';
import { checkRequest } from './check-request.js';
import { checkEvents, checkStream } from './check-stream.js';
import { corpusFor, pathFor, streamOf } from './corpus.js';
import { frame, shuffleEvents } from './frame.js';
import { cutRandomly, mutateBytes } from './mutate-bytes.js';
import { mutateJson } from './mutate-json.js';
import { createRandom, type Random } from './random.js';

// Another seed explores other cases: FUZZ_SEED=7 FUZZ_CASES=1000000 npx vitest run test/fuzz
const SEED = Number(process.env.FUZZ_SEED ?? 20_260_923);
const CASES = Math.max(100_000, Number(process.env.FUZZ_CASES ?? 0));
const CASES_PER_WIRE = Math.ceil(CASES / WIRES.length);

/** One kind of input a codec takes. Returns what it was fed, to be shown where it fails. */
type Feed = (random: Random, wire: Wire) => { readonly input: unknown; run(): void };

/** A body as objects, or the way most come: as text, with bytes of it damaged. */
function mutatedBody(random: Random, seed: object): JsonObject {
  const mutated = mutateJson(random, seed) as JsonObject;
  if (!random.oneIn(3)) return mutated;
  return parseJson(Buffer.from(mutateBytes(random, Buffer.from(JSON.stringify(mutated)))).toString()) ?? mutated;
}

function mutatedRequest(random: Random, wire: Wire): JsonObject {
  return mutatedBody(random, random.pick(corpusFor(random, wire).requests));
}

const FEEDS: readonly Feed[] = [
  (random, wire) => {
    const body = mutatedRequest(random, wire);
    const path = pathFor(random, wire);
    return { input: { path, body }, run: () => checkRequest(wire, body, path) };
  },
  (random, wire) => {
    const body = mutatedBody(random, random.pick(corpusFor(random, wire).responses));
    return { input: body, run: () => checkReading(wire.readResponse(body)) };
  },
  (random, wire) => {
    const sent = mutatedRequest(random, wire);
    const events = shuffleEvents(random, streamOf(random, corpusFor(random, wire))).map((event) =>
      typeof event.body === 'string' || random.oneIn(2) ? event : { ...event, body: mutateJson(random, event.body) },
    );
    // Nobody who is asked for usage answers with an array, so nothing is ever taken out of one.
    const framed = frame(random, wire.framing, events, wire.askForUsage(sent) === sent);
    const bytes = random.oneIn(2) ? mutateBytes(random, framed) : framed;
    const chunks = cutRandomly(random, bytes);
    return {
      input: { sent, stream: Buffer.from(bytes).toString('latin1') },
      run: () => checkStream(wire, sent, bytes, chunks),
    };
  },
  (random, wire) => {
    const sent = mutatedRequest(random, wire);
    const events = shuffleEvents(random, streamOf(random, corpusFor(random, wire))).map(({ body }) =>
      typeof body === 'string' ? body : mutateJson(random, body),
    );
    return { input: { sent, events }, run: () => checkEvents(wire, sent, events) };
  },
];

/** Streams have the most ways to go wrong, so half of the cases are streams. */
const ORDER = [0, 2, 1, 2, 3, 2] as const;

let fed = 0;

function feed(wire: Wire, index: number, seed: number): void {
  const random = createRandom(seed);
  const { input, run } = (FEEDS[ORDER[index % ORDER.length] as number] as Feed)(random, wire);
  try {
    run();
    if (Object.keys(Object.prototype).length > 0) throw new Error('The prototype of all objects was changed');
  } catch (error) {
    const shown = inspect(input, { depth: 12, maxStringLength: 4000 });
    throw new Error(
      `${wire.id}, case ${index} of seed ${SEED} (kind ${ORDER[index % ORDER.length]}): ${error}\n${shown}`,
      {
        cause: error,
      },
    );
  }
  fed += 1;
}

describe(`mutated bodies and streams, from seed ${SEED}`, () => {
  test.each(WIRES.map((wire, place) => [wire.id, wire, place] as const))(
    `${CASES_PER_WIRE} of them make %s throw nothing, bill nothing below zero and change no byte`,
    { timeout: 120_000 },
    (_, wire, place) => {
      const before = fed;
      for (let index = 0; index < CASES_PER_WIRE; index += 1) feed(wire, index, SEED + place * CASES_PER_WIRE + index);
      expect(fed - before).toBe(CASES_PER_WIRE);
    },
  );
});
