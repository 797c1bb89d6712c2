import type { Wire } from '../../src/wire/wire.js';
import { OPENAI_CORPUS } from './corpus-openai.js';
import { OTHER_CORPUS } from './corpus-others.js';
import type { FuzzEvent } from './frame.js';
import type { Random } from './random.js';

/** Sound bodies of one format, to be made unsound. */
export interface Corpus {
  /** The codecs that read them. */
  readonly wires: readonly string[];
  readonly path: string;
  readonly requests: readonly object[];
  readonly responses: readonly object[];
  readonly streams: readonly (readonly FuzzEvent[])[];
}

const ALL: readonly Corpus[] = [...OPENAI_CORPUS, ...OTHER_CORPUS];

/** The bodies of a codec's own format, and at times those of another: a codec without any of its own gets all. */
export function corpusFor(random: Random, wire: Wire): Corpus {
  const own = ALL.filter(({ wires }) => wires.includes(wire.id));
  return random.pick(own.length === 0 || random.oneIn(8) ? ALL : own);
}

/** A path that this codec answers to; any other where none of the corpus does. */
export function pathFor(random: Random, wire: Wire): string {
  const matching = ALL.map(({ path }) => path).filter((path) => wire.matches(path));
  return matching.length === 0 || random.oneIn(10) ? random.pick(ALL).path : random.pick(matching);
}

/** One stream of a format, which has none of its own at times. */
export function streamOf(random: Random, corpus: Corpus): readonly FuzzEvent[] {
  return random.pick(corpus.streams.length > 0 ? corpus.streams : ALL.flatMap(({ streams }) => streams));
}
