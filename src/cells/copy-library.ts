/** A build step: copies the library's files of equations to where the compiled code reads them. */
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const target = fileURLToPath(new URL('library/', import.meta.url));
const source = fileURLToPath(new URL('../../src/cells/library/', import.meta.url));
cpSync(source, target, { recursive: true });
