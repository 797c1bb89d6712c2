/** Counts the tokens of one text of at most 1024 characters. */
export type Encoder = (text: string) => number;

/**
 * Finds the exact encoder of a model, or `undefined` where none is known. It is asked only when a bound by bytes does
 * not fit, so a tokenizer costs nothing before it is needed.
 */
export type EncoderSource = (model: string, provider: string) => Promise<Encoder | undefined>;

// One encoder call is quadratic on long runs without a boundary, so none ever sees more than this.
const SLICE_CHARACTERS = 1024;

const O200K = /^(?:ft:)?(?:gpt-4o|chatgpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|gpt-oss|o1|o3|o4)(?:[-.:]|$)/;
const CL100K = /^(?:ft:)?(?:gpt-4|gpt-3\.5|text-embedding-(?:3|ada-002))(?:[-:]|$)/;

/**
 * The encoders of the optional peer dependency `gpt-tokenizer`, which are exact for OpenAI's models.
 * Other models, and programs without the package, have no encoder: their input stays bounded by its bytes.
 */
export function createGptTokenizerSource(): EncoderSource {
  const loaded = new Map<string, Promise<Encoder | undefined>>();
  return (model, provider) => {
    // Elsewhere a name like one of OpenAI's may stand for anything.
    const isOpenAI = provider === 'openai' || provider === 'azure';
    const encoding = isOpenAI ? encodingOf(model) : undefined;
    if (encoding === undefined) return Promise.resolve(undefined);
    let encoder = loaded.get(encoding);
    if (encoder === undefined) {
      encoder = loadEncoder(encoding);
      loaded.set(encoding, encoder);
    }
    return encoder;
  };
}

function encodingOf(model: string): 'o200k_base' | 'cl100k_base' | undefined {
  if (O200K.test(model)) return 'o200k_base';
  return CL100K.test(model) ? 'cl100k_base' : undefined;
}

async function loadEncoder(encoding: 'o200k_base' | 'cl100k_base'): Promise<Encoder | undefined> {
  try {
    const { countTokens } =
      encoding === 'o200k_base'
        ? await import('gpt-tokenizer/encoding/o200k_base')
        : await import('gpt-tokenizer/encoding/cl100k_base');
    // Prompts may hold text that looks like a control token; it is sent, and billed, as plain text.
    const options = { disallowedSpecial: new Set<string>() };
    return (text) => countTokens(text, options);
  } catch {
    return undefined;
  }
}

/** What a cut inside a run may save: the tokens on either side of it can come out differently by one each. */
const TOKENS_PER_HARD_CUT = 2;

/**
 * An upper bound of the tokens of `text`: exact where it can be cut between words, and two more for each cut elsewhere.
 * Linear in the length of `text` whatever it holds; each character is given to the encoder once.
 */
export function countTokens(text: string, encode: Encoder): number {
  let tokens = 0;
  let start = 0;
  while (start < text.length) {
    const end = Math.min(start + SLICE_CHARACTERS, text.length);
    const { boundary, isClean } = end === text.length ? { boundary: end, isClean: true } : sliceEnd(text, start, end);
    tokens += encode(text.slice(start, boundary));
    if (!isClean) tokens += TOKENS_PER_HARD_CUT;
    start = boundary;
  }
  return tokens;
}

function sliceEnd(text: string, start: number, end: number): { boundary: number; isClean: boolean } {
  const earliest = start + SLICE_CHARACTERS / 2;
  for (let index = end; index > earliest; index -= 1) {
    if (isBetweenWords(text, index)) return { boundary: index, isClean: true };
  }
  const code = text.charCodeAt(end);
  const isInsidePair = code >= 0xdc00 && code <= 0xdfff;
  return { boundary: isInsidePair ? end - 1 : end, isClean: false };
}

const LETTER = /\p{L}/u;

/**
 * Byte-pair tokenizers split text into pieces first, and a space between two letters is where one piece ends and the
 * next begins, whatever else is around. Line feeds and punctuation may belong to the piece before them.
 */
function isBetweenWords(text: string, index: number): boolean {
  if (text.charCodeAt(index) !== 0x20) return false;
  return LETTER.test(text.charAt(index - 1)) && LETTER.test(text.charAt(index + 1));
}
