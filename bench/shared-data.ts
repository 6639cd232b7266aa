import { fileURLToPath } from 'node:url';

/** Corpora and test collections lie beside the checkout; they are no part of the project. */
export const SHARED_DATA = fileURLToPath(new URL('../../shared/data/', import.meta.url));
