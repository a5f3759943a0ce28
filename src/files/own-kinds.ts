/** Recognises the files that charnn writes, by how they begin. */

export type OwnKind = 'model' | 'state' | 'page' | 'log' | 'compressed' | 'search';

/** The order matters: other formats begin with the model's. */
const beginnings: readonly (readonly [OwnKind, RegExp])[] = [
  ['state', /^\{\s*"format":\s*"charnn-state"/],
  ['search', /^\{\s*"format":\s*"charnn-search"/],
  ['model', /^\{\s*"format":\s*"charnn/],
  [
    'page',
    /^<!doctype html>\n<html lang="en">\n<head>\n[\s\S]{0,1000}<meta name="generator" content="charnn">/,
  ],
  // events of a training, as `--json` writes them
  ['log', /^\{"type":"start","model":\{"cell":/],
  ['compressed', /^charnn\0z/],
];

/** Bytes from a file's beginning that `ownKind` needs. */
export const kindBytes = 2048;

/**
 * Which kind of charnn's own files a file is; undefined for any other file.
 * @param start its first `kindBytes` bytes, or more
 */
export function ownKind(start: Uint8Array): OwnKind | undefined {
  const text = Buffer.from(start.subarray(0, kindBytes)).toString('latin1');
  return beginnings.find(([, pattern]) => pattern.test(text))?.[0];
}
