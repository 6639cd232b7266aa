import { basename } from 'node:path';

/**
 * Where the project's files are at run time. From sources this module is src/locations.ts; bundled, its code is in
 * some file directly in dist/, since the bundle is flat (scripts/build.mjs). Both folders lie in the package's root.
 */
const isBundled = !import.meta.url.endsWith('.ts');

/** The package's own folder: docs/, package.json. */
export const packageRoot = new URL('../', import.meta.url);

/** The pages: src/web/ or its copy dist/web/. */
export const webRoot = new URL('./web/', import.meta.url);

/** `banyan/client` for the pages: one file of the build; from sources the module that the others beside it hang on. */
export const clientModule = new URL(isBundled ? './client.js' : './client/client.ts', import.meta.url);

/** The file of a worker, named by its path below src/ without extension: `store/knowledge.worker`. */
export function workerUrl(path: `${string}.worker`): URL {
  return new URL(isBundled ? `./${basename(path)}.js` : `./${path}.ts`, import.meta.url);
}

/** The program behind the `banyan` command. */
export const programUrl = new URL(isBundled ? './banyan.js' : './cli/banyan.ts', import.meta.url);
