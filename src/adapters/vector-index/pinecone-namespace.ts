import { createHash } from 'node:crypto';

/** Of the tenant and of the collection that are there when nobody names one. */
const DEFAULT = 'default';
/** Long names make long requests: above this a digest stands for both. */
const MAX_LENGTH = 200;

/**
 * The namespace of a tenant's collection, in ASCII, a different one for each pair. `default` stands for the default
 * collection of the default tenant, which is where other writers of such an index put their records.
 */
export function pineconeNamespace(tenant: string, collection: string): string {
  if (tenant === DEFAULT && collection === DEFAULT) return DEFAULT;
  const namespace = `t_${escaped(tenant)}_${escaped(collection)}`;
  if (namespace.length <= MAX_LENGTH) return namespace;
  return `h_${createHash('sha256').update(JSON.stringify([tenant, collection])).digest('hex')}`;
}

/** Letters and digits stay; every other UTF-16 unit becomes its four hexadecimal digits behind a dot. */
function escaped(name: string): string {
  return name.replace(/[^A-Za-z0-9-]/g, (unit) => `.${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
