/** A copy of the package without addons, into which tests put sets of their own. */
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../folder.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const kernels = 'dist/backend/kernels';

export class PackageCopy {
  readonly path = join(temporaryFolder(), 'package');
  /** The folder of the addons that a package brings */
  readonly prebuilt = join(this.path, kernels, 'prebuilt');
  /** The list of them */
  readonly list = join(this.prebuilt, 'addons.json');

  /** @param parts files and folders of the package */
  constructor(parts: readonly string[]) {
    mkdirSync(this.path);
    for (const part of parts) {
      cpSync(join(root, part), join(this.path, part), {
        recursive: true,
        filter: (file) => !/charnn\.node|prebuilt|moby-dick/.test(file),
      });
    }
    symlinkSync(join(root, 'node_modules'), join(this.path, 'node_modules'));
  }

  /** Empties the folder of addons and writes the list of those that ought to be there. */
  reset(listed: object): void {
    rmSync(this.prebuilt, { recursive: true, force: true });
    mkdirSync(this.prebuilt);
    this.write(listed);
  }

  write(listed: object): void {
    writeFileSync(this.list, JSON.stringify(listed));
  }
}
