/** Makes the settings of sampling for `charnn sample`, which also understands escapes and completes lines. */
import type { Output } from '../../cli/output.js';
import { optionName, UsageError } from '../../errors.js';
import { readEscapes } from '../../messages/escapes.js';
import type { Model } from '../../model/model-data.js';
import { refuseConflicts } from '../../options/table.js';
import { listed } from '../../options/types.js';
import { sampleSettings } from '../../sample/sample-settings.js';
import type { SampleSettings } from '../../sample/settings.js';
import { type CommandSampleOptions, sampleTable } from './sample-options.js';

/** @throws UsageError for options that contradict each other, and for invalid escapes */
export function commandSettings(
  options: CommandSampleOptions,
  model: Model,
  output: Output,
): SampleSettings {
  const { prompt, promptFile, complete, novel, beam, match } = options;
  refuseConflicts(sampleTable, options);
  if ([promptFile, complete, novel].filter((path) => path === '-').length > 1) {
    throw new UsageError('standard input (-) is given twice: it can be read only once');
  }
  if (beam !== undefined && complete !== undefined) {
    throw new UsageError(
      `${optionName('beam')} searches for the most probable record and cannot be combined with other ways of sampling: leave out ${optionName('complete')}`,
    );
  }
  const unescaped = (key: 'stop' | 'until') =>
    options[key] === undefined
      ? undefined
      : listed(options[key]).map((text) => readEscapes(text, `--${key}`));
  const [stop, until] = [unescaped('stop'), unescaped('until')];
  const isOpen = stop === undefined && until === undefined && match === undefined;
  const isList = complete !== undefined;
  return sampleSettings(
    // the continuation of a given line ends at the end of that line, unless options say where it ends
    { ...options, stop: isList && isOpen ? ['\n'] : stop, until },
    model,
    { isPrompted: Boolean(prompt ?? promptFile ?? complete), isList },
    (message) => output.warn(message),
  );
}
