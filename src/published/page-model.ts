/** The model of a page: opened from the page's blobs, it answers one request after the other. */
import { inEnoughRoom, OutOfRoom } from '../backend/unshared.js';
import { CharnnError } from '../errors.js';
import { readEscapes } from '../messages/escapes.js';
import type { Model } from '../model/model-data.js';
import { networkBytes } from '../model/network-bytes.js';
import { parameterTable } from '../model/parameters.js';
import type { ModelBlobs, PageReply, PageRequest, PageSettings } from '../pages/model-page.js';
import { sampleSettings } from '../sample/sample-settings.js';
import { LineConverter } from './line-converter.js';
import { modelOf, type PublishedHead } from './published-model.js';
import { typedText } from './symbol-texts.js';
import { TextWriter } from './text-writer.js';

/** What does the work: a network in a memory of its own */
interface AtWork {
  readonly writer?: TextWriter;
  readonly converter?: LineConverter;
  readonly bytes: number;
}

interface Opened extends AtWork {
  readonly model: Model;
  readonly module: WebAssembly.Module;
}

/** Bytes of memory for what is neither weights nor activations */
const otherBytes = 2 ** 21;

type Numbered = Extract<PageRequest, { readonly id: number }>;

export class PageModel {
  private opened: Opened | undefined;
  /** Number of the latest request, which alone is worked on */
  private latest = 0;
  private queue: Promise<void> = Promise.resolve();

  /**
   * @param reply takes answers
   * @param turn lets other work of the thread in, such as the next request
   */
  constructor(
    private readonly reply: (reply: PageReply) => void,
    private readonly turn: () => Promise<void>,
  ) {}

  /** Takes a request. The promise ends with the work on it. */
  take(request: PageRequest): Promise<void> {
    const number = ++this.latest;
    this.queue = this.queue.then(() => this.answer(request, number));
    return this.queue;
  }

  private async answer(request: PageRequest, number: number): Promise<void> {
    const id = 'id' in request ? request.id : -1;
    try {
      if (request.kind === 'open') await this.open(request.model as PublishedHead, request.blobs);
      else if (request.kind !== 'stop') await this.work(request, number);
    } catch (error) {
      const isWorded = error instanceof CharnnError || request.kind === 'open';
      const message = error instanceof Error ? error.message : String(error);
      this.reply({
        kind: 'failed',
        id,
        message: isWorded ? message : `internal error: ${message}`,
      });
    }
  }

  private async open(head: PublishedHead, blobs: ModelBlobs): Promise<void> {
    const [kernels, weights, counts] = await Promise.all(
      [blobs.kernels, blobs.weights, blobs.counts].map((blob) => blob && unpacked(blob)),
    );
    const model = modelOf({ head, weights: weights || none, counts: counts || undefined });
    const module = new WebAssembly.Module(kernels || none);
    const { config } = model;
    const bytes = otherBytes + 4 * parameterTable(config).flatSize + networkBytes(config, 1, 1);
    this.opened = { model, module, ...start(model, module, bytes) };
    this.reply({ kind: 'opened' });
  }

  private async work(request: Numbered, number: number): Promise<void> {
    const { opened } = this;
    if (opened === undefined) throw new CharnnError('there is no model yet');
    const from = performance.now();
    const isWanted = () => this.latest === number;
    let isDone: boolean;
    try {
      isDone =
        request.kind === 'write'
          ? await this.write(opened, request.id, request.settings, isWanted)
          : await this.convert(opened, request.id, request.lines);
    } catch (error) {
      if (!(error instanceof OutOfRoom)) throw error;
      const { model, module, bytes } = opened;
      this.opened = { model, module, ...start(model, module, 2 * bytes) };
      return this.work(request, number);
    }
    const seconds = (performance.now() - from) / 1000;
    this.reply({ kind: 'done', id: request.id, seconds, stopped: !isDone });
  }

  /** @returns whether the text was written to its end */
  private async write(
    { model, writer }: Opened,
    id: number,
    { prompt: typed, temperature, length, seed, stop }: PageSettings,
    isWanted: () => boolean,
  ): Promise<boolean> {
    if (writer === undefined) throw new CharnnError('a model of pairs converts lines');
    const { reply, turn } = this;
    const pause = async () => {
      await turn();
      return isWanted();
    };
    const prompt = typedText(typed, model.vocabulary, model.text);
    const settings = sampleSettings(
      {
        temp: temperature,
        length,
        seed,
        stop: stop === '' ? undefined : readEscapes(stop, 'stop'),
      },
      model,
      { isPrompted: prompt.ids.length > 0, isList: false },
      (message) => reply({ kind: 'warning', id, message }),
    );
    const piece = await writer.readPrompt(prompt, pause);
    if (piece === undefined) return false;
    reply({ kind: 'read', id, piece, unknown: prompt.unknown });
    for await (const written of writer.draw(settings, pause)) {
      reply({ kind: 'written', id, piece: written });
    }
    return isWanted();
  }

  private async convert(
    { converter }: Opened,
    id: number,
    lines: readonly string[],
  ): Promise<boolean> {
    if (converter === undefined) throw new CharnnError('a model of texts does not convert lines');
    this.reply({ kind: 'converted', id, lines: await converter.convert(lines) });
    return true;
  }
}

const none = new Uint8Array(0);

function start(model: Model, module: WebAssembly.Module, bytes: number): AtWork {
  return inEnoughRoom(module, bytes, (backend, enough) =>
    model.config.pairs
      ? { converter: new LineConverter(model, backend), bytes: enough }
      : { writer: new TextWriter(model, backend), bytes: enough },
  );
}

/** The bytes of a blob of the page */
async function unpacked(base64: string): Promise<Uint8Array> {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
