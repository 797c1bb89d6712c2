import { formCount, formText, isFormTrue } from './form-fields.js';
import type { JsonObject } from './wire.js';

/** Models and how to bound what one image of theirs takes, in output tokens. */
const RULES: readonly { readonly models: RegExp; readonly bound: (image: ImageShape) => number }[] = [
  { models: /^gpt-image-1(?:-mini)?(?:-20|$)/, bound: boundByTable },
  { models: /^gpt-image-1\.5(?:-20|$)/, bound: (image) => boundByTable(image) + WRITTEN_TOKENS },
  { models: /^gpt-image-2(?:-20|$)/, bound: (image) => boundByArea(image) + WRITTEN_TOKENS },
];

interface ImageShape {
  readonly quality: Quality;
  /** In pixels; `undefined` where the model chooses. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
}

type Quality = 'low' | 'medium' | 'high';

/**
 * Output tokens of an image by quality, for a square of 1024 pixels and for the dearer of the two oblongs of 1536, from
 * OpenAI's guide "Image generation", section "Cost and latency".
 */
const TABLE: Readonly<Record<Quality, { readonly square: number; readonly oblong: number }>> = {
  low: { square: 272, oblong: 408 },
  medium: { square: 1056, oblong: 1584 },
  high: { square: 4160, oblong: 6240 },
};

/** Patches along the longer edge of an image of gpt-image-2, by quality. */
const PATCHES: Readonly<Record<Quality, number>> = { low: 16, medium: 48, high: 96 };
const AREA_OFFSET = 2_000_000;
const AREA_SCALE = 4_000_000;
/** The largest image of gpt-image-2, in pixels. */
const MOST_PIXELS = 8_294_400;

/** "Each partial image will incur an additional 100 image output tokens" (the same guide, "Streaming"). */
const PARTIAL_IMAGE_TOKENS = 100;
/** The API refuses more. */
const MOST_PARTIAL_IMAGES = 3;

/**
 * Later models may write before they paint, and bill it as output. Nothing published bounds that, so this is a guess on
 * the dear side; what goes above it shows as overrun.
 */
const WRITTEN_TOKENS = 1000;

/**
 * The most output tokens one image of this request can take; `undefined` for a model that is billed otherwise or whose
 * images nobody has published the tokens of.
 */
export function boundImageTokens(body: JsonObject): number | undefined {
  const model = formText(body.model) ?? '';
  const rule = RULES.find(({ models }) => models.test(model));
  if (rule === undefined) return undefined;
  return rule.bound({ quality: qualityOf(body.quality), size: sizeOf(body.size) }) + partialTokens(body);
}

/** `auto`, an absent quality and one we do not know may all turn out to be the best. */
function qualityOf(value: unknown): Quality {
  return value === 'low' || value === 'medium' ? value : 'high';
}

function sizeOf(value: unknown): ImageShape['size'] {
  const edges = /^(\d{1,5})x(\d{1,5})$/.exec(formText(value) ?? '');
  if (edges === null) return undefined;
  const [width, height] = [Number(edges[1]), Number(edges[2])];
  return width > 0 && height > 0 ? { width, height } : undefined;
}

function boundByTable({ quality, size }: ImageShape): number {
  const isSquare = size?.width === 1024 && size.height === 1024;
  return TABLE[quality][isSquare ? 'square' : 'oblong'];
}

/**
 * Patches along both edges, scaled by the area. OpenAI publishes a calculator and no formula; this one gives its figures
 * (1024x1024 at high quality: 7024; 1536x1024: 5488; 3584x2048: 12 329), rounded up where it rounds.
 */
function boundByArea({ quality, size }: ImageShape): number {
  const along = PATCHES[quality];
  if (size === undefined) return Math.ceil((along * along * (AREA_OFFSET + MOST_PIXELS)) / AREA_SCALE);
  const ratio = Math.min(size.width, size.height) / Math.max(size.width, size.height);
  const pixels = Math.min(size.width * size.height, MOST_PIXELS);
  return Math.ceil((along * Math.ceil(along * ratio) * (AREA_OFFSET + pixels)) / AREA_SCALE);
}

function partialTokens(body: JsonObject): number {
  if (!isFormTrue(body.stream)) return 0;
  return PARTIAL_IMAGE_TOKENS * Math.min(formCount(body.partial_images) ?? 0, MOST_PARTIAL_IMAGES);
}
