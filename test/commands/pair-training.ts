/** Small trainings on pairs that a small model can learn. */
import { expect } from 'vitest';
import { Folder } from './run.js';

/** Words of the letters a to d with their reversals in capitals */
export function reversals(count: number): string {
  const lines: string[] = [];
  for (let i = 0; lines.length < count; i++) {
    const word = Array.from({ length: 1 + (i % 4) }, (_, k) => 'abcd'[(i >> (2 * k + 1)) & 3]);
    lines.push(`${word.join('')}\t${word.toReversed().join('').toUpperCase()}\n`);
  }
  return lines.join('');
}

export const smallPairs = [
  ...['--pairs', '--hidden', '32', '--embedding', '8', '--dropout', '0', '--threads', '1'],
];
/** The command line of a quick training, to which options are added */
export const quickPairs = ['train', 'pairs.tsv', ...smallPairs, '--batch-size', '16', '-q'];

/** A folder with a model that was trained on reversals. */
export async function trainedOnPairs(...options: string[]): Promise<Folder> {
  const folder = new Folder();
  folder.write('pairs.tsv', reversals(400));
  const { status, stderr } = await folder.run([...quickPairs, ...options]);
  expect(status, stderr).toBe(0);
  return folder;
}
