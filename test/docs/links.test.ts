import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MARKDOWN_FILES, withoutCode } from './markdown-files.ts';

interface Link {
  readonly path: string;
  readonly anchor: string;
}

/** As GitHub makes them: lower case, punctuation away, spaces to hyphens. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = text.replaceAll(/^```[^]*?^```$/gm, '').matchAll(/^#{1,6} (.+)$/gm);
  return new Set(Array.from(headings, ([, title = '']) => title.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(/\s/g, '-')));
}

function linksOf({ path, text }: { readonly path: string; readonly text: string }): readonly Link[] {
  const targets = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  const local = targets.filter((target) => !/^[a-z]+:/.test(target));
  return local.map((target) => {
    const [file = '', anchor = ''] = target.split('#');
    return { path: file === '' ? path : normalize(join(dirname(path), file)), anchor };
  });
}

describe('documents', () => {
  test('there are some', () => {
    expect(MARKDOWN_FILES.length).toBeGreaterThan(8);
  });

  test.for(MARKDOWN_FILES)('$path links to what exists', (file) => {
    expect(linksOf(file).filter(({ path }) => !existsSync(path))).toEqual([]);
  });

  test.for(MARKDOWN_FILES)('$path links to headings that exist', (file) => {
    const broken = linksOf(file).filter(({ path, anchor }) => {
      const target = MARKDOWN_FILES.find((each) => each.path === path);
      return anchor !== '' && target !== undefined && !anchorsOf(target.text).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('the README links to every guide', () => {
    const readme = MARKDOWN_FILES.filter(({ path }) => path === 'README.md');
    const linked = new Set(readme.flatMap(linksOf).map(({ path }) => path));
    const guides = MARKDOWN_FILES.filter(({ path }) => /^docs\/[^/]+\.md$/.test(path)).map(({ path }) => path);
    expect(guides.filter((path) => !linked.has(path))).toEqual([]);
  });
});
