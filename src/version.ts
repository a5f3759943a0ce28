import { createRequire } from 'node:module';

/** charnn's version, from its package file. */
export const version: string = createRequire(import.meta.url)('../package.json').version;
