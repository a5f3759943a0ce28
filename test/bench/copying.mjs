/**
 * How much of what a model writes stands in its text, with its counts at several weights and without them: the share
 * of the runs of 30 and of 50 characters, by temperature. Beside it the same share of the part of the text that the
 * model was validated on, which nobody has copied.
 *
 *     node test/bench/copying.mjs MODEL TEXT [--characters 300000] [--weights 0,0.25,0.5,0.75,1] [--temps 0.6,0.8,1]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SuffixAutomaton } from '#charnn/novelty/suffix-automaton.js';

const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    characters: { type: 'string', default: '300000' },
    weights: { type: 'string', default: '0,0.25,0.5,0.75,1' },
    temps: { type: 'string', default: '0.6,0.8,1' },
  },
});
const [model, path] = positionals;
const runLengths = [30, 50];
/** Characters of a record: so many are drawn side by side */
const recordLength = 1000;

const codePoints = (text) => Uint32Array.from(text, (character) => character.codePointAt(0));
const all = Array.from(readFileSync(path, 'utf8'));
const trained = codePoints(all.slice(0, Math.floor(0.9 * all.length)));
const validated = all.slice(trained.length).join('');

/** The shares of a text's runs, of each length, that the training text has */
function copied(text) {
  const automaton = new SuffixAutomaton(codePoints(text));
  automaton.read(trained);
  const matches = automaton.matches();
  return runLengths.map((length) => {
    let known = 0;
    for (const match of matches) if (match >= length) known++;
    return known / (matches.length - length + 1);
  });
}

const percent = (share) => `${(100 * share).toFixed(3)} %`;
console.log(`runs of ${runLengths.join(' and ')} characters that stand in ${path}`);
console.log(`of its validation text: ${copied(validated).map(percent).join(', ')}`);
for (const temp of values.temps.split(',')) {
  for (const weight of values.weights.split(',')) {
    const count = Math.ceil(Number(values.characters) / recordLength);
    const text = execFileSync(
      process.execPath,
      [
        ...[binary, 'sample', '-m', model, '-n', count, '-l', recordLength, '--stop', '\\u0000'],
        ...['--null', '--temp', temp, '--counts-weight', weight, '--seed', '1', '--quiet'],
      ],
      { maxBuffer: 2 ** 30, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const shares = copied(text).map(percent).join(', ');
    console.log(`temperature ${temp}, counts' weight ${weight}: ${shares}`);
  }
}
