import { createRequire } from 'node:module';

/** charnn's version, from its package file. */
export const version: string = createRequire(import.meta.url)('../package.json').version;

/** When this version was made, for the manual page */
export const released = 'November 30, 2026';
