import { ATTRIBUTE, PROVIDER_NAMES } from '../semconv.js';
import type { OtelAttributes } from './otel-api.js';
import type { SinkEvent, SpendRecord, TagValue } from './sink.js';

const OTHER = 'other';
const MAX_LENGTH = 256;

/** Makes attributes of what a call or event is about. */
export interface AttributeMaker {
  ofRecord(record: SpendRecord): OtelAttributes;
  ofEvent(event: SinkEvent): OtelAttributes;
}

/** Which tags become attributes, and how many values an attribute may have. */
export interface AttributeLimits {
  readonly tags: readonly string[];
  readonly maxTagValues: number;
}

/**
 * Makes a maker that remembers which values it has let through: once an attribute has had `maxTagValues` of them, every
 * new one is `other`, so that the number of series stays bounded whatever comes.
 */
export function createAttributeMaker({ tags, maxTagValues }: AttributeLimits): AttributeMaker {
  const seen = new Map<string, Set<string>>();

  function bounded(key: string, value: TagValue): string {
    const text = String(value).slice(0, MAX_LENGTH);
    let values = seen.get(key);
    if (values === undefined) {
      values = new Set();
      seen.set(key, values);
    }
    if (values.has(text)) return text;
    if (values.size >= maxTagValues) return OTHER;
    values.add(text);
    return text;
  }

  function add(attributes: OtelAttributes, key: string, value: TagValue | undefined): void {
    if (value !== undefined) attributes[key] = bounded(key, value);
  }

  function addTags(attributes: OtelAttributes, from: SpendRecord['tags']): OtelAttributes {
    for (const tag of tags) {
      if (Object.hasOwn(from, tag)) add(attributes, ATTRIBUTE.tagPrefix + tag, from[tag]);
    }
    return attributes;
  }

  return {
    ofRecord(record) {
      const attributes: OtelAttributes = { [ATTRIBUTE.operationName]: record.operation };
      add(attributes, ATTRIBUTE.providerName, providerName(record.provider));
      add(attributes, ATTRIBUTE.requestModel, record.model);
      add(attributes, ATTRIBUTE.responseModel, record.servedModel);
      return addTags(attributes, record.tags);
    },
    ofEvent(event) {
      const attributes: OtelAttributes = { [ATTRIBUTE.eventName]: event.name };
      add(attributes, ATTRIBUTE.budgetName, event.budget);
      return addTags(attributes, event.tags);
    },
  };
}

function providerName(provider: string): string {
  return (Object.hasOwn(PROVIDER_NAMES, provider) ? PROVIDER_NAMES[provider] : undefined) ?? provider;
}
