/** The C sources that both compiled back ends are made from. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of all sources below a folder, in a fixed order. */
export function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(c|h|gyp)$/.test(name) && !/^build\b/.test(name))
    .sort()
    .map((name) => join(folder, name));
}
