/** The C sources that both compiled back ends are made from. */
import { readdirSync } from 'node:fs';

/** Names of all sources below the folder of kernels, generated ones included, in a fixed order. */
export function sourceNames(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(generated.)?[^/\\]+\.(c|h)$/.test(name))
    .sort();
}
