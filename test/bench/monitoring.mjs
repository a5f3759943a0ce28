/**
 * Finds odd lines in a log: trains on lines without any, sets the threshold on others of the kind, and counts what is
 * found of the odd lines in a third part, and how many usual lines are taken for odd.
 *
 *     node test/bench/monitoring.mjs [access|service] [--steps 1500] [--train-lines 50000] [--window 16]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { folderOfProcess } from '../temporary-folder.mjs';
import { kinds, normalLog, withOddLines } from './made-logs.mjs';

const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: 'string', default: '1500' },
    'train-lines': { type: 'string', default: '50000' },
    window: { type: 'string', multiple: true, default: ['16'] },
    folder: { type: 'string' },
  },
});

for (const kind of positionals.length > 0 ? positionals : Object.keys(kinds)) {
  const folder = values.folder ?? folderOfProcess('charnn-monitoring-');
  const path = (name) => join(folder, `${kind}-${name}`);
  const lines = Number(values['train-lines']);
  writeFileSync(path('train.log'), `${normalLog(kind, lines, 1).join('\n')}\n`);
  writeFileSync(path('normal.log'), `${normalLog(kind, 20_000, 2).join('\n')}\n`);
  const { lines: watched, planted } = withOddLines(kind, 50_000, 5, 3);
  writeFileSync(path('watched.log'), `${watched.join('\n')}\n`);
  const model = path('model.json');
  if (!existsSync(model)) {
    const training = ['train', path('train.log'), '-o', model, '--steps', values.steps, '-q'];
    execFileSync(process.execPath, [binary, ...training], { stdio: 'inherit' });
  }
  for (const window of [undefined, ...values.window]) {
    const scoring = [
      ...['score', path('watched.log'), '-m', model, '--json', '-q'],
      ...['--threshold', '99.9%', '--calibrate', path('normal.log')],
      ...(window === undefined ? [] : ['--window', window]),
    ];
    const { stdout, status } = spawnSync(process.execPath, [binary, ...scoring], {
      maxBuffer: 1 << 28,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0 && status !== 4) throw new Error(`charnn score ended with ${status}`);
    const alarms = stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).line);
    const found = alarms.filter((line) => planted.has(line));
    const missed = [...planted].filter(([line]) => !found.includes(line)).map(([, sort]) => sort);
    console.log(
      `${kind}, ${window === undefined ? 'mean of a line' : `worst ${window} characters`}: ${found.length} of ${planted.size} odd lines found, ${alarms.length - found.length} of ${watched.length - planted.size} usual lines taken for odd${missed.length > 0 ? `; missed: ${missed.join(', ')}` : ''}`,
    );
  }
}
