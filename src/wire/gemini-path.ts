// `v1beta/models/m:generateContent`, Vertex's `projects/p/locations/l/publishers/google/models/m:…` and its endpoints.
const PATH = /\/(models|tunedModels|endpoints)\/([^/:]+):(generateContent|streamGenerateContent)\/?$/;

const COLLECTIONS: ReadonlySet<string> = new Set(['models', 'tunedModels', 'endpoints']);

/** What the path of a `generateContent` call says. */
export interface GeminiPath {
  /** The model's name; with its collection in front where that is not `models`, as in `tunedModels/m`. */
  readonly model: string;
  readonly stream: boolean;
}

/**
 * Reads the path of a `generateContent` or `streamGenerateContent` call; `undefined` for every other path: counting,
 * embedding, batches and the models of other publishers, which speak their own formats.
 */
export function readGeminiPath(path: string): GeminiPath | undefined {
  const [, collection, name, method] = PATH.exec(path) ?? [];
  if (collection === undefined || name === undefined) return undefined;
  const model = decode(name);
  return {
    model: collection === 'models' ? model : `${collection}/${model}`,
    stream: method === 'streamGenerateContent',
  };
}

/** The path with another model, named as `readGeminiPath` names it. */
export function rewriteGeminiPath(path: string, model: string): string {
  const match = PATH.exec(path);
  if (match === null) return path;
  const [whole, collection] = match;
  const [name = '', given = ''] = model.split('/').reverse();
  const target = COLLECTIONS.has(given) ? given : 'models';
  // An endpoint stands where a publisher's models would, so a model of Google's needs its publisher named.
  const publisher = collection === 'endpoints' && target === 'models' ? '/publishers/google' : '';
  const method = whole.slice(whole.lastIndexOf(':'));
  return `${path.slice(0, match.index)}${publisher}/${target}/${encodeURIComponent(name)}${method}`;
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
