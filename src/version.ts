import packageJson from '../package.json' with { type: 'json' };

/** Of the package, as `/health` and the command line tell it. */
export const version: string = packageJson.version;

/** The versions of Node that the package runs on, such as `>=24.11`. */
export const neededNode: string = packageJson.engines.node;
