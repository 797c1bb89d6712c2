type Method = (...parameters: never[]) => unknown;
type Wrap<Function> = (original: Function) => Function;

/** What was put around a method, innermost first: one layer for each owner. */
interface Stack {
  readonly target: object;
  readonly own: PropertyDescriptor | undefined;
  readonly original: Method;
  readonly layers: ReadonlyMap<object, Wrap<Method>>;
}

const STACK = Symbol('layers');

/**
 * Puts a layer around a method of `target`; returns what takes it off. Several guards may each have one, and take theirs
 * off in any order. An object that got the method from a guarded one, as a clone of a client does, gets layers of its own.
 */
export function addLayer<Target extends object, Key extends keyof Target>(
  target: Target,
  key: Key,
  owner: object,
  wrap: Wrap<Target[Key]>,
): () => void {
  const before = stackOf(target, key);
  install(key, { ...before, layers: new Map(before.layers).set(owner, wrap as unknown as Wrap<Method>) });
  return () => {
    const now = stackOf(target, key);
    const layers = new Map(now.layers);
    layers.delete(owner);
    if (layers.size > 0) install(key, { ...now, layers });
    else if (before.own) Object.defineProperty(target, key, before.own);
    else delete target[key];
  };
}

function stackOf(target: object, key: PropertyKey): Stack {
  const method = Reflect.get(target, key) as Method & { readonly [STACK]?: Stack };
  const stack = method[STACK];
  if (stack?.target === target) return stack;
  const own = Object.getOwnPropertyDescriptor(target, key);
  if (stack === undefined) return { target, own, original: method, layers: new Map() };
  return { target, own: own && { ...own, value: stack.original }, original: stack.original, layers: stack.layers };
}

function install(key: PropertyKey, stack: Stack): void {
  let value = stack.original;
  for (const wrap of stack.layers.values()) value = wrap(value);
  Object.defineProperty(value, STACK, { value: stack });
  Object.defineProperty(stack.target, key, { value, configurable: true, writable: true, enumerable: false });
}
