import { countingMatcher, MOST_STEPS } from './regex-steps.js';
import { childrenOf, nodesOf, parseRegex, type RegexNode } from './regex-syntax.js';

/** A text that may make a regular expression slow: `prefix`, `pump` many times, `suffix`. */
export interface Attack {
  readonly prefix: string;
  readonly pump: string;
  readonly suffix: string;
}

const ALPHABET = [...'aA0_-./:=,;?#@ \t\n\u0000é京"\\(){}[]<>', '\u2028', '👍', '\u0301', '\ufe0f'];

/** How long the pumps may be together at first; they are then repeated twice and four times as often. */
const FIRST_CHARACTERS = 120;
const MOST_REPEATS = 16;
/** Differences below this say nothing. */
const LEAST_STEPS = 64;
/** What doubles the text may double the steps; with a square in it, it makes nearly four times as many of them. */
const MOST_GROWTH = 2.6;

/** The first attack under which the work of `regex` grows faster than the text, or `undefined`. */
export function findAttack(regex: RegExp): Attack | undefined {
  const count = countingMatcher(regex);
  return attacksOn(regex).find(({ prefix, pump, suffix }) => {
    const repeats = Math.max(4, Math.min(MOST_REPEATS, Math.floor(FIRST_CHARACTERS / pump.length)));
    const stepsAt = (times: number) => count(`${prefix}${pump.repeat(times)}${suffix}`).steps;
    const [small, middle, large] = [stepsAt(repeats), stepsAt(repeats * 2), stepsAt(repeats * 4)];
    return large > MOST_STEPS || large - middle > Math.max(MOST_GROWTH * (middle - small), LEAST_STEPS);
  });
}

/** Whether anything in `regex` may be repeated without an end: without that, each place costs the same whatever the text. */
export function isUnbounded(regex: RegExp): boolean {
  return nodesOf(parseRegex(regex)).some((node) => node.kind === 'repeat' && node.max > 100);
}

/** Texts made of what `regex` itself looks for: what comes before a part of it, that part many times, and an end that does not fit. */
export function attacksOn(regex: RegExp): Attack[] {
  const tree = parseRegex(regex);
  const samples = representatives(tree, regex.source);
  const pairs = new Map<string, Omit<Attack, 'suffix'>>();
  const add = (prefix: string, pump: string) => {
    if (pump !== '') pairs.set(JSON.stringify([prefix, pump]), { prefix, pump });
  };
  collect(tree, '', (prefix, pump) => {
    for (const each of [pump, ...samples]) {
      add(prefix, each);
      add('', each);
    }
  });
  return [...pairs.values()].flatMap((pair) => ['', ...samples].map((suffix) => ({ ...pair, suffix })));

  function collect(node: RegexNode, prefix: string, tell: (prefix: string, pump: string) => void): void {
    if (node.kind === 'repeat') tell(prefix, sample(node.body));
    if (node.kind !== 'sequence') {
      for (const child of childrenOf(node)) collect(child, prefix, tell);
      return;
    }
    const { items } = node;
    const bounds = [0, ...items.flatMap((item, index) => (item.kind === 'repeat' ? [index, index + 1] : []))];
    const places = [...new Set([...bounds, items.length])];
    for (const from of places) {
      const before = prefix + items.slice(0, from).map(sample).join('');
      for (const to of places) if (to > from) tell(before, items.slice(from, to).map(sample).join(''));
    }
    items.forEach((item, index) => {
      collect(item, prefix + items.slice(0, index).map(sample).join(''), tell);
    });
  }

  function sample(node: RegexNode): string {
    if (node.kind === 'character') return samples.find((each) => node.matches(each)) ?? '';
    if (node.kind === 'sequence') return node.items.map(sample).join('');
    if (node.kind === 'alternatives') return sample(node.options[0] as RegexNode);
    return node.kind === 'repeat' ? sample(node.body).repeat(Math.max(1, node.min)) : '';
  }
}

/** One character for each set that the parts of a pattern cannot tell apart. */
function representatives(tree: RegexNode, source: string): string[] {
  const parts = nodesOf(tree).flatMap((node) => (node.kind === 'character' ? [node] : []));
  const kinds = new Map<string, string>();
  for (const character of [...ALPHABET, ...source]) {
    const kind = parts.map((part) => (part.matches(character) ? '1' : '0')).join('');
    if (!kinds.has(kind)) kinds.set(kind, character);
  }
  return [...kinds.values()];
}
