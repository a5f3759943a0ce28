/** README.md: every command that it shows is run, section by section, and every link in it leads to something. */
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { binary, Folder, small, verses } from './commands/run.js';
import { blocks, callCharnn, folderOfTexts, readDocument, root, runScript } from './documents.js';

const readme = readDocument('README.md');

/**
 * The programs that the commands call. Those that would take minutes, need a network or do not end are replaced by
 * what is small, local and short: all other tests of these are elsewhere.
 */
const programs = {
  charnn: `words=("$@") seconds=
case "$*" in
  train*--resume* | *-h) ;;
  *--init-from*) words+=(--steps 2 --threads 1) ;;
  train*--pairs*) words+=(--hidden 8 --layers 1 --steps 4 --threads 1 -f) ;;
  train*) words+=(${small.join(' ')} -f) ;;
  bench*) words+=(--hidden 8 --layers 1 --iterations 1) ;;
  'cells check'*) words+=(--hidden 2) ;;
  gradients*--cell* | gradients*--recurrent-scale*)
    words+=(--hidden 8 --layers 1 --lags 8 --positions 2) ;;
  gradients*) words+=(--lags 8 --positions 2) ;;
  # test/commands/search.test.ts and test/commands/lecture.test.ts run these
  search* | lecture*) words+=(--help) ;;
  serve*) words+=(--port 0) seconds=1 ;;
  *--follow*) seconds=1 ;;
  'sample -i'*)
    command -v script > /dev/null || exit 0
    printf '\\004' | script -qec "'${process.execPath}' '${binary}' $*" /dev/null
    exit ;;
esac
set -- "\${words[@]}"
if [ -z "$seconds" ]; then ${callCharnn}; exit; fi
timeout --signal INT "$seconds" ${callCharnn} || [ $? = 124 ]`,
  npm: `case "$*" in
  'install -g . --ignore-scripts')
    "$(type -ap npm | sed -n 2p)" install -g '${root}' --prefix "$HOME/installed" --ignore-scripts --offline
    "$HOME/installed/bin/charnn" --version
    test -s "$HOME/installed/share/man/man1/charnn.1" ;;
  'install cmu-pronouncing-dictionary')
    mkdir -p node_modules/cmu-pronouncing-dictionary
    cd node_modules/cmu-pronouncing-dictionary
    echo '{ "type": "module", "exports": "./index.js" }' > package.json
    echo 'export const dictionary = Object.fromEntries(Array.from({ length: 200 }, (_, i) => ["w" + i, "N AH1 M"]));' > index.js ;;
esac`,
  npx: 'exec "$@"',
  man: `test -s '${join(root, 'dist/man')}'/"$1.1"`,
  mpirun: 'shift 4; exec "$@"',
  say: 'echo "$@"',
  jq: 'exec cat',
};

const base = folderOfTexts(programs);
beforeAll(() => {
  mkdirSync(join(base.path, 'poems'));
  mkdirSync(join(base.path, 'dist/backend/kernels'), { recursive: true });
  const twice = (line: string) => line.repeat(60);
  const files = {
    'app.log': `${verses(2000)}!!! %% nothing like it $$\n`,
    'chapter.txt': verses(1000),
    'corpus.txt': verses(2000),
    FILE: verses(2000),
    'many-lines.txt': verses(80_000) + twice('{"green bottles":12}\n'),
    'intro.txt': 'an introduction',
    'poems/one.txt': verses(2000),
    'logs/c.gz': gzipSync(verses(2000)),
    'lexicon.tsv': Array.from({ length: 100 }, (_, i) => `w${i}\tt ${i}\n`).join(''),
    'words.tsv': 'w1\tt 1\nw2\tt 2\n',
    'test.tsv': 'w1\tt 1\nw2\tt 2\n',
    'verbs.csv': `source,target,form\n${twice('go,went,past\nsee,seen,participle\n')}`,
    'verbs.txt': 'go\nsee\n',
    'new.csv': 'source,form\ngo,past\n',
    'poems.tsv': `text\tauthor\n${twice('a line\tKeats\nanother line\tShelley\n')}`,
    'scenes.ndjson': twice('{"cells":[[1,0],[0,1]],"source":"how many?","target":"two"}\n'),
    // the files of cells are those of the page
    'my.cell': blocks(readme, 'text')[0],
    'gru.cell': blocks(readme, 'text')[1],
    // the tests of the package run this step of the build
    'dist/backend/kernels/prebuild.js': '',
  };
  for (const [name, content] of Object.entries(files)) base.write(name, content);
  const { status, stderr } = runScript(
    base,
    `charnn train many-lines.txt -q
for name in poems en de; do cp charnn.json $name.json; done
charnn export -q --no-counts -o changed.safetensors
charnn train book.txt --json -q -o b.json > b.log`,
  );
  expect(status, stderr).toBe(0);
  saveAsPyTorch(base.read('changed.safetensors'));
}, 300_000);

/** Writes the tensors without charnn's metadata, as PyTorch saves a state dict, and the characters of the model. */
function saveAsPyTorch(file: Buffer): void {
  const start = 8 + Number(file.readBigUInt64LE());
  const { __metadata__, ...tensors } = JSON.parse(file.subarray(8, start).toString());
  const header = Buffer.from(JSON.stringify(tensors));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  base.write('net.safetensors', Buffer.concat([length, header, file.subarray(start)]));
  const { symbols } = JSON.parse(__metadata__.vocabulary);
  base.write('chars.json', JSON.stringify([...symbols, null]));
}

const sections = readme
  .split(/^(?=## )/m)
  .map((text) => {
    const typed = blocks(text, 'console').map((shown) => shown.replace(/^(?!\$ ).*\n/gm, ''));
    const scripts = [...blocks(text, 'sh'), ...typed.map((lines) => lines.replace(/^\$ /gm, ''))];
    return [text.split('\n')[0].replace(/^#+ /, ''), scripts] as const;
  })
  .filter(([, scripts]) => scripts.length > 0);

describe('its commands work', () => {
  test.each(sections)('%s', { timeout: 300_000 }, (_, scripts) => {
    const folder = new Folder();
    cpSync(base.path, folder.path, { recursive: true });
    for (const script of scripts) {
      // the time of a search is needed, and shortened by the program above
      const timed = script.replace(/^(.*charnn train.*) --time \w+/gm, '$1');
      const { status, stderr } = runScript(folder, `set +o pipefail\n${timed}`);
      expect(status, `${script}\n${stderr}`).toBe(0);
      expect(stderr).not.toMatch(/^charnn: /m);
    }
  });
});

test('its links lead to files and sections that there are', () => {
  const links = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
  const anchors = [...readme.matchAll(/^#+ (.*)$/gm)].map(
    ([, title]) =>
      `#${title
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-')}`,
  );
  const isThere = (target: string) => {
    if (/^https?:/.test(target)) return true;
    if (target.startsWith('#')) return anchors.includes(target);
    return existsSync(join(root, target.replace(/#.*/, '')));
  };
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter((target) => !isThere(target))).toEqual([]);
});
