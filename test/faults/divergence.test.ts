/** A loss that diverges: the end, or back to the last good model. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { History } from '#charnn/train/saving/history.js';
import { Folder, finished, verses } from '../commands/run.js';
import { until } from './running.js';

const text = verses(3000);
/** Diverges soon, later, and between two validations, until the rate has been halved a few times. */
const wild = [
  ...['train', 'text.txt', '--hidden', '24', '--layers', '1', '--embedding', '4'],
  ...['--batch-size', '2', '--seq-length', '8', '--threads', '1', '--warmup', '0'],
  ...['--optimizer', 'sgd', '--momentum', '0.9', '--learning-rate', '300', '--clip-by', 'none'],
  ...['--eval-every', '20', '--early-stop', '0', '--json'],
];
const rollback = [...wild, '--steps', '3000', '--on-divergence', 'rollback', '--rollbacks', '20'];

interface Event {
  readonly type: string;
  readonly reason?: string;
  readonly count?: number;
  readonly rateFactor?: number;
}

function events(stdout: string): Event[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('back to the last good model', () => {
  test('each time with half the rate; logged; the same bytes when killed after it', async () => {
    const [calm, killed] = [new Folder(), new Folder()];
    for (const folder of [calm, killed]) folder.write('text.txt', text);
    const { status, stdout, stderr } = await calm.run(rollback);
    expect(status).toBe(0);
    const rollbacks = events(stdout).filter(({ type }) => type === 'rollback');
    expect(rollbacks.length).toBeGreaterThan(2);
    expect(rollbacks.map(({ count }) => count)).toEqual(rollbacks.map((_, i) => i + 1));
    expect(rollbacks.map(({ rateFactor }) => rateFactor)).toEqual(
      rollbacks.map((_, i) => 0.5 ** (i + 1)),
    );
    expect(stderr).toMatch(/warning: the loss diverged after step \d+ .*last good model/);
    const { history } = calm.json('charnn.json');
    expect(history.at(-1).rollbacks).toBe(rollbacks.length);

    const child = killed.start(rollback);
    const outcome = finished(child);
    let seen = '';
    child.stdout?.on('data', (chunk) => {
      seen += chunk;
    });
    await until(() => /"rollback".*"what":"state"/s.test(seen));
    child.kill('SIGKILL');
    expect((await outcome).signal).toBe('SIGKILL');
    expect((await killed.run(['train', '--resume', '-q'])).status).toBe(0);
    expect(killed.read('charnn.json').equals(calm.read('charnn.json'))).toBe(true);
  });

  test('so often and no more: exit code 3, and the last good model stays', async () => {
    const folder = new Folder();
    folder.write('text.txt', text);
    const { status, stdout, stderr } = await folder.run([...rollback.slice(0, -1), '2']);
    expect(status).toBe(3);
    expect(events(stdout).filter(({ type }) => type === 'rollback')).toHaveLength(2);
    expect(events(stdout).at(-1)).toMatchObject({ type: 'end', reason: 'diverged' });
    expect(stderr).toMatch(/charnn: training diverged after step \d+/);
  });
});

test('in the first step, of a cell that overflows: exit code 3, and no model', async () => {
  const folder = new Folder();
  folder.write('text.txt', text);
  folder.write('wild.cell', "h' = W x + U h + b\nb = 1e38\n");
  const args = ['text.txt', '--cell', './wild.cell', '--hidden', '8', '--steps', '5', '-q'];
  const { status, stderr } = await folder.run(['train', ...args]);
  expect(status).toBe(3);
  expect(stderr).toMatch(/^charnn: training diverged after step 0: .*no model was saved/m);
  expect(existsSync(join(folder.path, 'charnn.json'))).toBe(false);
});

describe('far above its best', () => {
  const history = [3, 2, 1.2, 1.1].map((trainLoss) => ({ trainLoss }));
  test.each([
    ['above the beginning', 3.5, true],
    ['a bad passage', 2.5, false],
    ['as good as ever', 1, false],
    ['infinite', Number.POSITIVE_INFINITY, true],
  ])('%s', (_, loss, expected) => {
    expect(History.of(history).isFarAboveBest(loss)).toBe(expected);
  });

  test('a little above a beginning that was good is not', () => {
    expect(History.of([{ trainLoss: 1.2 }, { trainLoss: 1.1 }]).isFarAboveBest(1.5)).toBe(false);
    expect(new History().isFarAboveBest(9)).toBe(false);
  });
});
