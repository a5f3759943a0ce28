/** Stores the settings of the controls in the fragment of the page's address, which is never sent to a server. */
import { controlRanges, type PageLabel, type PageSettings } from '../model-page.js';

const texts = ['prompt', 'stop', 'vectors'] as const;

/**
 * The address of the page with these settings. Settings that the reader has not changed are omitted, except the seed.
 */
export function linkOf(
  settings: PageSettings,
  first: PageSettings,
  labels: readonly PageLabel[],
): string {
  const parameters = new URLSearchParams();
  for (const name of ['temperature', 'length', 'seed'] as const) {
    if (name === 'seed' || settings[name] !== first[name])
      parameters.set(name, `${settings[name]}`);
  }
  for (const name of texts) {
    if (settings[name] !== first[name]) parameters.set(name, settings[name]);
  }
  labels.forEach(({ name, values }, c) => {
    const value = settings.labels[c];
    if (value !== first.labels[c]) parameters.append('label', `${name}=${values[value]}`);
  });
  return `${location.href.replace(/#.*/s, '')}#${parameters}`;
}

/** The settings in the address. Settings that are missing or invalid there have their initial values. */
export function settingsIn(
  fragment: string,
  first: PageSettings,
  labels: readonly PageLabel[],
): PageSettings {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ''));
  const number = (name: keyof typeof controlRanges) => {
    const given = parameters.get(name);
    const value = given === null || given.trim() === '' ? Number.NaN : Number(given);
    const isWhole = name === 'temperature' || Number.isInteger(value);
    return isWhole && isWithin(value, name) ? value : first[name];
  };
  const text = (name: (typeof texts)[number]) => parameters.get(name) ?? first[name];
  const chosen = parameters.getAll('label');
  return {
    prompt: text('prompt'),
    stop: text('stop'),
    vectors: text('vectors'),
    labels: labels.map(({ name, values }, c) => {
      const found = values.findIndex((value) => chosen.includes(`${name}=${value}`));
      return found >= 0 ? found : first.labels[c];
    }),
    temperature: number('temperature'),
    length: number('length'),
    seed: number('seed'),
  };
}

export function isWithin(value: number, name: keyof typeof controlRanges): boolean {
  const [low, high] = controlRanges[name];
  return value >= low && value <= high;
}
