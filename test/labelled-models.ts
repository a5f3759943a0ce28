/** Small models with labels and vectors, whose names and values try to be something else. */
import { expect } from 'vitest';
import type { Folder } from './commands/run.js';

/** Names and values as somebody may have written who wants pages and servers to stumble */
export const names = ['__proto__', '</select><img src=x onerror=alert(1)>'] as const;
/** In the order of a model's values, which is that of their codes */
export const kinds = ['constructor', '\u202elasrever'] as const;
export const moods = ['', 'a=b&c "d"\u2028'] as const;

const shape = ['--layers', '1', '--hidden', '16', '--embedding', '8', '--threads', '1', '-q'];

/** Trains `texts.json`: lines of one word for each kind and sign for each mood. */
export async function labelledTexts(folder: Folder, ...options: string[]): Promise<void> {
  const records = Array.from({ length: 240 }, (_, i) => {
    const [kind, mood] = [kinds[i % 2], moods[(i >> 1) % 2]];
    const word = i % 2 === 0 ? 'meow' : 'woof';
    const text = `${word} ${i % 7} ${word}${(i >> 1) % 2 === 0 ? '.' : '!'}`;
    return JSON.stringify({ text, [names[1]]: mood }).replace(
      '{',
      `{"__proto__":${JSON.stringify(kind)},`,
    );
  });
  folder.write('texts.ndjson', records.join('\n'));
  await trained(folder, [
    ...['texts.ndjson', '--format', 'ndjson', '--text-column', 'text', '-o', 'texts.json'],
    ...names.flatMap((name) => ['--label', name]),
    ...['--steps', '120', '--batch-size', '8', '--seq-length', '24', ...options],
  ]);
}

/** Trains `pairs.json`: words that become capitals or turn around, as vectors and label say. */
export async function labelledPairs(folder: Folder): Promise<void> {
  const records = Array.from({ length: 200 }, (_, i) => {
    const source = Array.from({ length: 1 + (i % 4) }, (_, k) => 'abcd'[(i >> (2 * k)) & 3]).join(
      '',
    );
    const isUp = i % 2 === 0;
    const target = isUp ? source.toUpperCase() : source;
    return JSON.stringify({ source, target, how: isUp ? [[1, 0]] : [], kind: kinds[(i >> 1) % 2] });
  });
  folder.write('pairs.ndjson', records.join('\n'));
  await trained(folder, [
    ...['pairs.ndjson', '--pairs', '--format', 'ndjson', '--vector', 'how', '--label', 'kind'],
    ...['--steps', '60', '--batch-size', '16', '-o', 'pairs.json'],
  ]);
}

async function trained(folder: Folder, options: readonly string[]): Promise<void> {
  const { status, stderr } = await folder.run(['train', ...options, ...shape]);
  expect(status, stderr).toBe(0);
}
