/** A build step: writes the manual page that the package installs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { manPage } from '../cli/man-page.js';
import { exitMeanings } from '../errors.js';
import { commandsFor } from './registry.js';

const folder = new URL('../man/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(
  new URL('charnn.1', folder),
  manPage(await commandsFor(undefined), Object.entries(exitMeanings)),
);
