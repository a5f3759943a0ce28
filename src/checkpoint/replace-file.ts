/**
 * Replaces a file that another program may hold open. Windows refuses to replace it until that program closes it: a
 * virus scanner or a backup does so after moments, an editor perhaps never.
 */
import { access, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CharnnError } from '../errors.js';
import { quote } from '../messages/quote.js';

/** The operations of the file system that are used; tests pass their own. */
export interface ReplacingSystem {
  readonly platform: string;
  rename(from: string, to: string): Promise<void>;
  exists(path: string): Promise<boolean>;
  remove(path: string): Promise<void>;
  wait(milliseconds: number): Promise<unknown>;
}

const thisSystem: ReplacingSystem = {
  platform: process.platform,
  rename,
  exists: (path) =>
    access(path).then(
      () => true,
      () => false,
    ),
  remove: (path) => rm(path, { force: true }),
  wait,
};

/** Milliseconds between attempts to replace a file that another program holds open, some three seconds in all */
const pauses: readonly number[] = [50, 100, 200, 400, 800, 1600];
/** Error codes on Windows for a file that another program holds open, or that must not be replaced */
const heldCodes: ReadonlySet<unknown> = new Set(['EPERM', 'EACCES', 'EBUSY']);
/** Files that this process has stored under a second name, by the path where they belong */
const besides = new Map<string, string>();

/** The new contents of a file were written under a second name, because another program holds the file itself open. */
export class HeldFileError extends CharnnError {
  override readonly name = 'HeldFileError';

  /** @param secondName name of the file that has the new contents, in the folder of the one that is held open */
  constructor(
    readonly path: string,
    secondName: string,
  ) {
    super(
      `${quote(path)} is held open by another program, or must not be replaced, and stays as it was: its new contents are in ${quote(join(dirname(path), secondName))}; close that program, and move them there`,
    );
  }
}

/**
 * Moves a complete file into place. On Windows, if another program holds the old file open, this is tried again for
 * some seconds; then the new file gets a second name beside the old one.
 * @param temporary the complete file, in the same folder
 * @returns the second name, if it had to be used
 * @throws the system's error when the file cannot be moved; the temporary file is then still there
 */
export async function replaceFile(
  temporary: string,
  target: string,
  system: ReplacingSystem = thisSystem,
): Promise<string | undefined> {
  for (const pause of [...pauses, undefined]) {
    try {
      await system.rename(temporary, target);
      const stale = besides.get(target);
      besides.delete(target);
      if (stale !== undefined) await system.remove(stale).catch(() => {});
      return undefined;
    } catch (cause) {
      if (!isHeld(cause, system)) throw cause;
      if (pause !== undefined) await system.wait(pause);
    }
  }
  const second = besides.get(target) ?? (await freeName(target, system));
  await system.rename(temporary, second);
  besides.set(target, second);
  return basename(second);
}

/**
 * Moves a file that is stored under a second name to its own name, if that place is free now.
 * @returns whether nothing is stored under a second name any more
 */
export async function moveHeldFile(
  target: string,
  system: ReplacingSystem = thisSystem,
): Promise<boolean> {
  const second = besides.get(target);
  if (second === undefined) return true;
  try {
    await system.rename(second, target);
  } catch (cause) {
    if (isHeld(cause, system)) return false;
    throw cause;
  }
  besides.delete(target);
  return true;
}

function isHeld(cause: unknown, { platform }: ReplacingSystem): boolean {
  return platform === 'win32' && heldCodes.has((cause as NodeJS.ErrnoException).code);
}

/** `charnn.json` → `charnn-new.json`, or with a number if that name is taken */
async function freeName(target: string, system: ReplacingSystem): Promise<string> {
  const { dir, name, ext } = parse(target);
  for (let n = 1; ; n++) {
    const candidate = join(dir, `${name}-new${n === 1 ? '' : n}${ext}`);
    if (!(await system.exists(candidate))) return candidate;
  }
}
