// The blocks that terminals draw two columns wide, after Unicode's East Asian Width.
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{17000}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]/u;
const EMOJI = /\p{Emoji_Presentation}|\p{Emoji}\ufe0f/u;
const INVISIBLE = /^[\p{Mark}\p{Format}\p{Default_Ignorable_Code_Point}]+$/u;

// Control characters could move the cursor or recolour the terminal, bidirectional marks could swap cells, and
// halves of surrogate pairs cannot be printed.
const UNPRINTABLE = /[\p{Control}\p{Surrogate}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Pieces of text that are drawn as one character. */
export type Graphemes = Iterable<{ readonly segment: string }>;

/** Splits text into what a reader sees as characters. */
function graphemesOf(text: string): Graphemes {
  return new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text);
}

/** How many terminal columns `text` takes. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemesOf(text)) width += graphemeWidth(segment);
  return width;
}

/** `text` with everything that a terminal would obey rather than show written as `\u{…}`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** `text`, cut to `maxWidth` columns with an ellipsis where it is longer. */
export function truncate(text: string, maxWidth: number): string {
  // A character takes a column at most at its cheapest, so what is far longer than the columns need not be measured.
  const head = text.slice(0, maxWidth * 16);
  if (head === text && displayWidth(text) <= maxWidth) return text;
  let kept = '';
  let width = 0;
  for (const { segment } of graphemesOf(head)) {
    width += graphemeWidth(segment);
    if (width >= maxWidth) break;
    kept += segment;
  }
  return `${kept}…`;
}

function graphemeWidth(grapheme: string): number {
  if (INVISIBLE.test(grapheme)) return 0;
  return WIDE.test(grapheme) || EMOJI.test(grapheme) ? 2 : 1;
}
