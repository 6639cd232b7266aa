import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkout } from './checkout.ts';

const LOCATIONS = `
import { clientModule, packageRoot, webRoot, workerUrl } from '#src/locations.ts';
console.log(JSON.stringify([packageRoot, webRoot, clientModule, workerUrl('store/one.worker')].map((url) => url.pathname)));
`;
const SOURCES = {
  'src/main.ts': LOCATIONS,
  'src/cli/banyan.ts': `${LOCATIONS} import pino from 'pino'; import { parse } from 'yaml'; parse; pino;`,
  'src/store/one.worker.ts': "import { ServiceError } from '#src/errors.ts'; throw new ServiceError('STORE_FULL');",
  'src/store/deep/two.worker.ts': "import { ServiceError } from '#src/errors.ts'; console.log(ServiceError.name);",
  'src/web/index.html': '<title>Banyan</title>',
};

describe('scripts/build.mjs', () => {
  test('puts every entry flat into dist/, with its map, and the pages below it', () => {
    using project = checkout(SOURCES);
    expect(project.run('scripts/build.mjs')).toMatchObject({ status: 0, stderr: '' });
    const names = readdirSync(join(project.root, 'dist'));
    expect(names).toEqual(expect.arrayContaining(['main.js', 'banyan.js', 'one.worker.js', 'two.worker.js', 'main.js.map', 'web']));
    expect(names.filter((name) => !/\.js(\.map)?$/.test(name))).toEqual(['web']);
    expect(readdirSync(join(project.root, 'dist/web'))).toEqual(['index.html']);
  });

  test('workers, pages, client and package are found from dist/ as from the sources', () => {
    using project = checkout(SOURCES);
    project.run('scripts/build.mjs');
    const paths = (script: string) => JSON.parse(project.run(script).stdout) as string[];
    const at = (path: string) => join(project.root, path);
    expect(paths('src/main.ts')).toEqual([at('/'), at('src/web/'), at('src/client/client.ts'), at('src/store/one.worker.ts')]);
    expect(paths('dist/main.js')).toEqual([at('/'), at('dist/web/'), at('dist/client.js'), at('dist/one.worker.js')]);
    expect(paths('dist/banyan.js')).toEqual(paths('dist/main.js'));
    expect(existsSync(at('dist/one.worker.js'))).toBe(true);
  });

  test('bundles our code and its packages, but for those that find files beside themselves', () => {
    using project = checkout(SOURCES);
    project.run('scripts/build.mjs');
    const bundle = readFileSync(join(project.root, 'dist/banyan.js'), 'utf8');
    expect(bundle).not.toMatch(/from ?"pino"/);
    expect(bundle).toMatch(/from ?"yaml"/);
    expect(bundle).not.toContain('#src/');
  });

  test('errors point into the sources', () => {
    using project = checkout(SOURCES);
    project.run('scripts/build.mjs');
    const { status, stderr } = project.run('dist/one.worker.js', { env: { NODE_OPTIONS: '--enable-source-maps' } });
    expect(status).toBe(1);
    expect(stderr).toContain('src/store/one.worker.ts:1');
  });

  test('leaves nothing of an earlier build', () => {
    using project = checkout({ ...SOURCES, 'dist/old.worker.js': '' });
    project.run('scripts/build.mjs');
    expect(existsSync(join(project.root, 'dist/old.worker.js'))).toBe(false);
  });

  test('that fails says where, and leaves the dist/ of before', () => {
    using project = checkout({ ...SOURCES, 'src/main.ts': "import './absent.ts';", 'dist/main.js': 'before' });
    const { status, stderr } = project.run('scripts/build.mjs');
    expect(status).toBe(1);
    expect(stderr).toContain('src/main.ts:1:7');
    expect(readFileSync(join(project.root, 'dist/main.js'), 'utf8')).toBe('before');
  });

  test('without any entry says so', () => {
    using project = checkout({});
    expect(project.run('scripts/build.mjs')).toMatchObject({ status: 1, stderr: expect.stringContaining('nothing to build') as string });
  });
});
