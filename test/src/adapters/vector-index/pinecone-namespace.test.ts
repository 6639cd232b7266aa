import { describe, expect, it } from 'vitest';
import { pineconeNamespace } from '#src/adapters/vector-index/pinecone-namespace.ts';

describe('pineconeNamespace', () => {
  it('of the default tenant and collection is the one that other writers use', () => {
    expect(pineconeNamespace('default', 'default')).toBe('default');
  });

  it('shows tenant and collection where they are plain', () => {
    expect(pineconeNamespace('acme', 'mail-2026')).toBe('t_acme_mail-2026');
  });

  it('is short ASCII whatever the names are', () => {
    for (const name of ['Ämter', '🦆', ' ', 'a/b?c#d', 'x'.repeat(5000)]) {
      expect(pineconeNamespace(name, name)).toMatch(/^[A-Za-z0-9._-]{1,200}$/);
    }
  });

  it('is another one for every pair of names', () => {
    const names = ['default', 'Default', 't', 'a', 'a_b', 'b_c', 'c', '', '_', '.', '.005f', 'ä', 'a\u0308', 'h_', 'x'.repeat(300), 'x'.repeat(301), '\ud800', '\ufffd'];
    const pairs = names.flatMap((tenant) => names.map((collection) => pineconeNamespace(tenant, collection)));
    expect(new Set(pairs).size).toBe(pairs.length);
  });
});
