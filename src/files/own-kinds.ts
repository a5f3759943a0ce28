/** Recognises files that charnn has written, by their first bytes. */

export type OwnKind = 'model' | 'state' | 'page' | 'log' | 'compressed' | 'search';

/** The order matters, because a model's beginning is also that of other formats. */
const beginnings: readonly (readonly [OwnKind, RegExp])[] = [
  ['state', /^\{\s*"format":\s*"charnn-state"/],
  ['search', /^\{\s*"format":\s*"charnn-search"/],
  ['model', /^\{\s*"format":\s*"charnn/],
  [
    'page',
    /^<!doctype html>\n<html lang="en">\n<head>\n[\s\S]{0,1000}<meta name="generator" content="charnn">/,
  ],
  // the first event of a training, as `--json` writes it
  ['log', /^\{"type":"start","model":\{"cell":/],
  ['compressed', /^charnn\0z/],
];

/** Number of a file's first bytes that `ownKind` needs. */
export const kindBytes = 2048;

/**
 * Which of charnn's own kinds a file is; undefined for any other file.
 * @param start its first `kindBytes` bytes, or more
 */
export function ownKind(start: Uint8Array): OwnKind | undefined {
  const text = Buffer.from(start.subarray(0, kindBytes)).toString('latin1');
  return beginnings.find(([, pattern]) => pattern.test(text))?.[0];
}
