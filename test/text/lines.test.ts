import { expect, test } from 'vitest';
import { CharnnError } from '#charnn/errors.js';
import { lineGroups, linesOf } from '#charnn/text/lines.js';
import { findSources } from '#charnn/text/sources.js';
import { input } from './files.js';

async function lines(...pieces: string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const line of linesOf(await findSources(['-'], input(...pieces)))) {
    found.push(line.toString());
  }
  return found;
}

test('lines are the same wherever the pieces are cut; the last may lack its end', async () => {
  expect(await lines('a\n\nbc', 'd', 'e\n')).toEqual(['a', '', 'bcde']);
  expect(await lines('a', '\nb')).toEqual(['a', 'b']);
  expect(await lines()).toEqual([]);
});

test.each([
  ['in one piece', ['12345678\n', '123456789\n']],
  ['in several', ['1234', '5678\n1234', '56789\n']],
  ['without an end', ['12345678\n1234', '56789', 'and so on for ever']],
])('a line that is too long is refused by the name of its source: %s', async (_, pieces) => {
  const found: string[] = [];
  const read = async () => {
    const sources = await findSources(['-'], input(...pieces));
    for await (const group of lineGroups(sources, { maxBytes: 8 }))
      found.push(...group.map(String));
  };
  await expect(read()).rejects.toThrow(CharnnError);
  await expect(read()).rejects.toThrow(/^standard input has a line of more than [^\n]*$/);
  for (const line of found) expect(line).toBe('12345678');
});
