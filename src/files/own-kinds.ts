/** Recognises files that charnn has written, by their first bytes. */

export type OwnKind = 'model' | 'state' | 'page' | 'log' | 'compressed' | 'search' | ExportKind;

/** Models in the formats of other programs */
type ExportKind = 'safetensors' | 'onnx';

/**
 * The first pattern that matches a file's beginning decides: that of a model would also match a training state and the
 * record of a search.
 */
const beginnings: readonly (readonly [OwnKind, RegExp])[] = [
  ['state', /^\{\s*"format":\s*"charnn-state"/],
  ['search', /^\{\s*"format":\s*"charnn-search"/],
  ['model', /^\{\s*"format":\s*"charnn/],
  [
    'page',
    /^<!doctype html>\n<html lang="en">\n<head>\n[\s\S]{0,1000}<meta name="generator" content="charnn">/,
  ],
  // the first event of a training run, as `--json` writes it
  ['log', /^\{"type":"start","model":\{"cell":/],
  ['compressed', /^charnn\0z/],
  ['safetensors', /^[\s\S]{8}\{"__metadata__":\{"format":"charnn"/],
  // an ONNX file begins with field 1, the version of the format, and field 2, the program that wrote it: the length of
  // its name, which is 6, and the name
  ['onnx', new RegExp(`^${String.fromCharCode(8)}[\\s\\S]${String.fromCharCode(0x12, 6)}charnn`)],
];

/** Number of bytes at a file's beginning from which `ownKind` recognises the kind of the file */
export const kindBytes = 2048;

/**
 * Recognises the kind of a file that charnn has written; undefined for any other file.
 * @param start at least the first `kindBytes` bytes of the file, or the whole of a shorter one
 */
export function ownKind(start: Uint8Array): OwnKind | undefined {
  const text = Buffer.from(start.subarray(0, kindBytes)).toString('latin1');
  return beginnings.find(([, pattern]) => pattern.test(text))?.[0];
}
