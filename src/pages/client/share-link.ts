/** Stores the settings of the controls in the fragment of the page's address, which is never sent to a server. */
import { controlRanges, type PageSettings } from '../model-page.js';

const names = { prompt: 'prompt', stop: 'stop' } as const;

/**
 * The address of the page with these settings. Settings that the reader has not changed are omitted, except the seed.
 */
export function linkOf(settings: PageSettings, first: PageSettings): string {
  const parameters = new URLSearchParams();
  for (const name of ['temperature', 'length', 'seed'] as const) {
    if (name === 'seed' || settings[name] !== first[name])
      parameters.set(name, `${settings[name]}`);
  }
  for (const name of Object.values(names)) {
    if (settings[name] !== first[name]) parameters.set(name, settings[name]);
  }
  return `${location.href.replace(/#.*/s, '')}#${parameters}`;
}

/**
 * The settings in the address. For settings that are missing or invalid there, the page's initial settings are used.
 */
export function settingsIn(fragment: string, first: PageSettings): PageSettings {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ''));
  const number = (name: keyof typeof controlRanges) => {
    const given = parameters.get(name);
    const value = given === null || given.trim() === '' ? Number.NaN : Number(given);
    const isWhole = name === 'temperature' || Number.isInteger(value);
    return isWhole && isWithin(value, name) ? value : first[name];
  };
  return {
    prompt: parameters.get(names.prompt) ?? first.prompt,
    stop: parameters.get(names.stop) ?? first.stop,
    temperature: number('temperature'),
    length: number('length'),
    seed: number('seed'),
  };
}

export function isWithin(value: number, name: keyof typeof controlRanges): boolean {
  const [low, high] = controlRanges[name];
  return value >= low && value <= high;
}
