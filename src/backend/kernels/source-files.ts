/** Finds the C sources from which both compiled back ends are made. */
import { readdirSync } from 'node:fs';

/** Names of all sources in the folder of kernels and below, including generated ones, in a fixed order. */
export function sourceNames(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(generated.)?[^/\\]+\.(c|h)$/.test(name))
    .sort();
}
