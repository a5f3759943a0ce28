/** `charnn serve`: a page and an HTTP interface to a model, on this machine. */
import { basename } from 'node:path';
import { withScope } from '../backend/device.js';
import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { createOutput, type Output } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { Interruption } from '../cli/signals.js';
import { quote } from '../messages/quote.js';
import { type OptionsOf, option, topic } from '../options/table.js';
import { integer, text } from '../options/types.js';
import { page } from '../pages/page.js';
import { modelPage } from '../published/page-content.js';
import { publishedModel } from '../published/published-model.js';
import { ModelServer } from '../serve/http-server.js';
import { readAnyChosenModel } from './input/chosen-model.js';
import { modelPath } from './input/model-argument.js';
import { countsRow } from './output/counts-row.js';
import { pageRows, pageSettings } from './sampling/page-rows.js';

const table = {
  ...topic('Server', {
    model: rows.model,
    last: rows.last,
    port: option('<n>', integer(0, 65535), 'port to listen on; 0 takes a free one', {
      default: 8080,
    }),
    host: option(
      '<name>',
      text,
      'address or name to listen on; with the default, only programs on this machine can connect',
      { default: '127.0.0.1' },
    ),
    title: option('<text>', text, 'title of the page', { absent: "the model's name" }),
    counts: countsRow,
  }),
  ...topic('Controls of the page', pageRows),
  ...topic('Run', {
    backend: rows.backend,
    precision: rows.predictionPrecision,
    quiet: rows.quiet,
    debug: rows.debug,
  }),
};

export const serve = defineCommand({
  name: 'serve',
  arguments: '[model]',
  summary: 'let programs and browsers on this machine use a model',
  description:
    'Serve a model on this machine: the page of charnn publish at /, and an HTTP\ninterface for programs at /v1/completions, /v1/models and /score.',
  examples: [
    ['charnn serve poems.json', 'then open http://127.0.0.1:8080'],
    ['charnn serve --host 0.0.0.0 --port 80', 'let other machines connect'],
  ],
  synonyms: ['server', 'http', 'api', 'daemon'],
  options: table,
  standardOutput: 'events',
  run: serveModel,
});

async function serveModel(
  args: readonly string[],
  options: OptionsOf<typeof table>,
): Promise<number | undefined> {
  const output = createOutput(options.quiet ?? false);
  const settingsFor = pageSettings(options);
  const file = modelPath(args, options.model);
  const whole = await readAnyChosenModel(file, options.last);
  const model = options.counts === false ? { ...whole, counts: undefined } : whole;
  const name = basename(file, '.json');
  const words = { title: options.title ?? name, text: [], settings: settingsFor(model) };
  const content = modelPage(model, publishedModel(model, 'f32', true), words);
  const pieces = Array.from(page('publish', content), (piece) => Buffer.from(piece));
  const device = await openDevice(options.backend, options.precision);
  if (device.note !== undefined) output.note(device.note);
  const interruption = new Interruption();
  await withScope(device, async (backend) => {
    const server = new ModelServer({
      ...{ model, name, backend, page: Buffer.concat(pieces) },
      host: options.host ?? table.host.default,
      port: options.port ?? table.port.default,
      onDefect: (error) => tellDefect(error, output, options.debug ?? false),
    });
    const address = await server.listen();
    output.note(`${quote(name)} is at ${address} (Ctrl-C ends the server)`);
    await interruption.during(
      (signal) =>
        new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve());
        }),
    );
    await server.close();
  });
  interruption.stopListening();
  device.close();
  return interruption.exitCode;
}

function tellDefect(error: unknown, output: Output, debug: boolean): void {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  output.warn(`a request could not be answered: ${message}`);
  if (debug) process.stderr.write(`${stack}\n`);
}
