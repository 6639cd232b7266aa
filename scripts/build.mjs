/**
 * Bundles the sources into dist/: the service, the command line, every worker of the store, the client; copies the pages.
 *
 * dist/ is flat: code that files share goes into chunks beside them, never into a subfolder. So `import.meta.url` of any
 * bundled module lies directly in dist/, and src/locations.ts finds workers and pages by one rule. Packages are bundled
 * too, but for EXTERNAL: fewer files to find and less unused code make the start faster and the service 11 MB smaller.
 * Everything is made in memory first: a build that fails leaves the dist/ of before.
 */
import { copyFileSync, cpSync, existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

/** Packages that find files beside themselves, and those that few runs load: the providers' SDKs among them. */
const EXTERNAL = [
  '@aws-sdk/*',
  '@fastify/swagger',
  '@fastify/swagger-ui',
  '@google/genai',
  '@pinecone-database/pinecone',
  '@smithy/*',
  'esbuild',
  'pino-pretty',
  'usearch',
  'yaml',
];
/** What bundled CommonJS packages call to load Node's own modules and those that stay outside. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const CLIENT = 'src/client/client.ts';
/** Declares what the client exports, and imports nothing. */
const CLIENT_TYPES = 'src/client/api.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

const started = performance.now();
const entries = findEntries();
if (entries.length === 0) {
  console.error('nothing to build: neither src/main.ts nor src/cli/banyan.ts nor a src/store/*.worker.ts is there');
  process.exit(1);
}
try {
  writeDist([...(await bundle(entries)), ...(await bundleClient())]);
} catch {
  process.exit(1); // esbuild has printed every error with its place
}
console.log(`dist/ built from ${entries.length} entries in ${Math.round(performance.now() - started)} ms`);

function findEntries() {
  const entries = ['src/main.ts', 'src/cli/banyan.ts'].filter((path) => existsSync(join(root, path)));
  return [...entries, ...globSync('src/**/*.worker.ts', { cwd: root })];
}

/** @param {string[]} entries */
async function bundle(entries) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: entries.map((path) => ({ in: path, out: basename(path, '.ts') })),
    outdir: dist,
    write: false,
    bundle: true,
    splitting: true,
    chunkNames: '[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: EXTERNAL,
    banner: { js: REQUIRE },
    sourcemap: 'linked',
    sourcesContent: false,
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  return outputFiles;
}

/** The client runs in browsers too: one file, without what the service shares. */
async function bundleClient() {
  if (!existsSync(join(root, CLIENT))) return [];
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [CLIENT],
    outfile: join(dist, 'client.js'),
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
  });
  return outputFiles;
}

/** @param {{ path: string, contents: Uint8Array }[]} files */
function writeDist(files) {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  for (const file of files) writeFileSync(file.path, file.contents);
  if (existsSync(join(root, CLIENT))) copyFileSync(join(root, CLIENT_TYPES), join(dist, 'client.d.ts'));
  const web = join(root, 'src', 'web');
  if (existsSync(web)) cpSync(web, join(dist, 'web'), { recursive: true });
}
