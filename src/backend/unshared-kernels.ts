/** Reads the WebAssembly module that runs models in web pages, which is a file made by the build. */
import { readFileSync } from 'node:fs';
import { CharnnError } from '../errors.js';

const file = 'charnn-page.wasm';

/** @throws CharnnError when the file is missing */
export function unsharedKernels(): Uint8Array {
  try {
    return readFileSync(new URL(`./kernels/${file}`, import.meta.url));
  } catch (cause) {
    throw new CharnnError(
      `${file} is missing: install charnn again, or run npm run build in a checkout`,
      1,
      { cause },
    );
  }
}
