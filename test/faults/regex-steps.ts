import { longestOf, parseRegex, type RegexNode } from './regex-syntax.js';

/** What a backtracking matcher did: how many steps it took, and what it found. */
export interface RegexRun {
  readonly steps: number;
  /** Where each match begins and ends: of one that is not global, the first. */
  readonly matches: readonly (readonly [from: number, to: number])[];
}

type Continue = (position: number) => boolean;

/** More steps than this are too many, whatever the text. */
export const MOST_STEPS = 200_000;

class TooManySteps extends Error {}

/** A matcher for `regex` that works as the engine of a browser does, by trying and going back, and counts. */
export function countingMatcher(regex: RegExp): (text: string) => RegexRun {
  const tree = parseRegex(regex);
  const isUnicode = /[uv]/.test(regex.flags);

  return (text) => {
    const characters = isUnicode ? [...text] : text.split('');
    const counter = { steps: 0 };
    const matches: [number, number][] = [];
    const match = createMatcher(characters, counter);
    try {
      for (let from = 0; from <= characters.length; from += 1) {
        let to = -1;
        const found = match(tree, from, (position) => {
          to = position;
          return true;
        });
        if (!found) continue;
        matches.push([from, to]);
        if (!regex.global) break;
        from = Math.max(from, to - 1);
      }
    } catch (error) {
      if (!(error instanceof TooManySteps)) throw error;
    }
    return { steps: counter.steps, matches };
  };
}

function createMatcher(characters: readonly string[], counter: { steps: number }) {
  function match(node: RegexNode, position: number, next: Continue): boolean {
    counter.steps += 1;
    if (counter.steps > MOST_STEPS) throw new TooManySteps();
    switch (node.kind) {
      case 'character':
        return position < characters.length && node.matches(characters[position] as string) && next(position + 1);
      case 'start':
        return position === 0 && next(position);
      case 'end':
        return position === characters.length && next(position);
      case 'boundary':
        return isWord(position - 1) !== isWord(position) && next(position);
      case 'look':
        return looks(node, position) !== node.isNegative && next(position);
      case 'alternatives':
        return node.options.some((option) => match(option, position, next));
      case 'sequence':
        return sequence(node.items, 0, position, next);
      case 'repeat':
        return repeat(node, 0, position, next);
    }
  }

  function isWord(position: number): boolean {
    return /^\w$/.test(characters[position] ?? '');
  }

  function looks(node: RegexNode & { readonly kind: 'look' }, position: number): boolean {
    if (!node.isBehind) return match(node.body, position, () => true);
    const longest = longestOf(node.body);
    if (longest === Number.POSITIVE_INFINITY) throw new Error('looking behind without an end is not known here');
    for (let from = position; from >= Math.max(0, position - longest); from -= 1) {
      if (match(node.body, from, (to) => to === position)) return true;
    }
    return false;
  }

  function sequence(items: readonly RegexNode[], index: number, position: number, next: Continue): boolean {
    const item = items[index];
    return item === undefined
      ? next(position)
      : match(item, position, (after) => sequence(items, index + 1, after, next));
  }

  function repeat(
    node: RegexNode & { readonly kind: 'repeat' },
    count: number,
    position: number,
    next: Continue,
  ): boolean {
    // A round that takes nothing is the last one.
    const more = () =>
      count < node.max &&
      match(node.body, position, (after) => after !== position && repeat(node, count + 1, after, next));
    const enough = () => count >= node.min && next(position);
    return node.isLazy ? enough() || more() : more() || enough();
  }

  return match;
}
