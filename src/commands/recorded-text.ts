/** The texts that a training state names: read again on resuming, if they are what was trained on. */
import { stat } from 'node:fs/promises';
import { Fields } from '../checkpoint/fields.js';
import { CharnnError } from '../errors.js';
import type { FolderRules } from '../text/folders.js';
import { quote } from '../text/quote.js';
import {
  defaultReading,
  encodingNamed,
  invalidActions,
  plainReading,
  type ReadingOptions,
  textFormats,
} from '../text/reading-options.js';
import { findSources } from '../text/sources.js';
import type { TrainingState } from '../train/state.js';

export interface TextSource {
  readonly texts: readonly string[];
  readonly valFile: string | null;
  readonly valFrac: number;
  readonly valChars: number;
  readonly minCount: number;
  readonly reading: ReadingOptions;
}

/**
 * @param path of the state, for messages
 * @throws CharnnError naming a field that is wrong
 */
export function recordedSource(source: TrainingState['source'], path: string): TextSource {
  const fields = Fields.of(source, `${quote(path)}: source`);
  const isPath = (text: unknown) => typeof text === 'string';
  const texts = fields.array('texts');
  if (!texts.every(isPath)) fields.fail('texts', 'a list of paths');
  return {
    texts: texts as string[],
    valFile: fields.get('valFile') === null ? null : fields.string('valFile'),
    valFrac: fields.number('valFrac'),
    valChars: fields.integer('valChars', 1, Number.MAX_SAFE_INTEGER),
    minCount: fields.integer('minCount', 1, Number.MAX_SAFE_INTEGER),
    reading: recordedReading(fields),
  };
}

/** A state without the field is of charnn 0.1.0 or before: its text is read by the rules of then. */
function recordedReading(source: Fields): ReadingOptions {
  if (source.get('reading') === undefined) return plainReading;
  const fields = source.fields('reading');
  const optional = (name: string) =>
    fields.get(name) === undefined ? undefined : fields.string(name);
  const encoding = optional('encoding');
  if (encoding !== undefined && encodingNamed(encoding) !== encoding) {
    fields.fail('encoding', 'the canonical name of an encoding');
  }
  const column = optional('column');
  return {
    ...defaultReading,
    invalid: fields.oneOf('invalid', invalidActions),
    format: fields.oneOf('format', textFormats),
    ...(encoding !== undefined && { encoding }),
    ...(column !== undefined && { column }),
  };
}

/**
 * A state may be from anybody. So what it names is opened only where it can be the recorded text: files
 * and folders, no devices or pipes, and of the recorded size. Its hash is compared when it has been read.
 * @param bytes the recorded size; undefined where an older state has none
 * @param rules by which the files of folders are chosen
 * @throws CharnnError when there is something else now
 */
export async function requireRecorded(
  paths: readonly string[],
  bytes: unknown,
  statePath: string,
  rules: FolderRules,
): Promise<void> {
  for (const path of paths) {
    const stats = path === '-' ? undefined : await stat(path).catch(() => undefined);
    // what is missing is said where it is read
    if (stats === undefined || stats.isFile() || stats.isDirectory()) continue;
    throw new CharnnError(
      `${quote(statePath)} names ${quote(path)} as its text, which is neither file nor folder: give the text with --resume`,
    );
  }
  if (bytes === undefined || paths.includes('-')) return;
  const sources = await findSources(paths, process.stdin, rules);
  const size = sources.reduce((sum, source) => sum + (source.size ?? 0), 0);
  if (size !== bytes) throw anotherText(statePath, paths);
}

/** What is said of a text whose size or hash is not the recorded one. */
export function anotherText(statePath: string, paths: readonly string[]): CharnnError {
  const shown = paths.length === 1 ? `the text ${quote(paths[0])}` : 'the text';
  return new CharnnError(
    `${shown} is not the one that ${quote(statePath)} was trained on: put that one there, or give it with --resume; or start anew with --init-from`,
  );
}
