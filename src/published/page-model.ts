/** The model of a web page: it is opened from data in the page, and answers one request after the other. */
import { inEnoughRoom, OutOfRoom } from '../backend/unshared.js';
import { CharnnError } from '../errors.js';
import { readEscapes } from '../messages/escapes.js';
import { withLabelsChosen } from '../model/chosen-labels.js';
import type { Model } from '../model/model-data.js';
import { networkBytes } from '../model/network-bytes.js';
import { parameterTable } from '../model/parameters.js';
import type { PageReply, PageRequest, PageSettings } from '../pages/model-page.js';
import { unpackBlob } from '../pages/unpack-blob.js';
import { sampleSettings } from '../sample/sample-settings.js';
import { LineConverter } from './line-converter.js';
import { modelOf, type PublishedHead } from './published-model.js';
import { typedText } from './symbol-texts.js';
import { TextWriter } from './text-writer.js';

/** The model and its network, which has memory of its own */
interface Opened {
  readonly model: Model;
  /** The labels that are built into the network, for a model of texts */
  readonly labels: readonly number[];
  readonly module: WebAssembly.Module;
  readonly writer?: TextWriter;
  readonly converter?: LineConverter;
  /** Size of the network's memory in bytes */
  readonly bytes: number;
}

/** Bytes of memory for everything except weights and activations */
const otherBytes = 2 ** 21;

type Opening = Extract<PageRequest, { readonly kind: 'open' }>;
type Numbered = Extract<PageRequest, { readonly id: number }>;

export class PageModel {
  private opened: Opened | undefined;
  /** Number of the latest request, which is the only one that is worked on */
  private latest = 0;
  private queue: Promise<void> = Promise.resolve();

  /**
   * @param reply receives answers
   * @param turn lets the thread do other work, such as receiving the next request
   */
  constructor(
    private readonly reply: (reply: PageReply) => void,
    private readonly turn: () => Promise<void>,
  ) {}

  /** Starts a request. The promise is fulfilled when the work on it ends. */
  take(request: PageRequest): Promise<void> {
    const number = ++this.latest;
    this.queue = this.queue.then(() => this.answer(request, number));
    return this.queue;
  }

  private async answer(request: PageRequest, number: number): Promise<void> {
    const id = 'id' in request ? request.id : -1;
    try {
      if (request.kind === 'open') await this.open(request);
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

  private async open({ model: head, blobs, labels }: Opening): Promise<void> {
    const [kernels, weights, counts] = await Promise.all(
      [blobs.kernels, blobs.weights, blobs.counts].map(
        async (blob) => blob && new Uint8Array(await unpackBlob(blob)),
      ),
    );
    const model = modelOf({
      head: head as PublishedHead,
      weights: weights || none,
      counts: counts || undefined,
    });
    const module = new WebAssembly.Module(kernels || none);
    this.opened = start(model, module, labels);
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
          ? await this.write(this.labelled(opened, request.settings), request, isWanted)
          : await this.convert(opened, request);
    } catch (error) {
      if (!(error instanceof OutOfRoom)) throw error;
      const { model, module, labels, bytes } = this.opened ?? opened;
      this.opened = start(model, module, labels, 2 * bytes);
      return this.work(request, number);
    }
    const seconds = (performance.now() - from) / 1000;
    this.reply({ kind: 'done', id: request.id, seconds, stopped: !isDone });
  }

  /** Returns the model with these labels. Its network is built again if other labels are built into it. */
  private labelled(opened: Opened, { labels }: PageSettings): Opened {
    if (labels.every((value, c) => value === opened.labels[c])) return opened;
    this.opened = start(opened.model, opened.module, labels);
    return this.opened;
  }

  /** @returns whether the text was written to its end */
  private async write(
    { model, writer }: Opened,
    { id, settings: given }: Extract<PageRequest, { readonly kind: 'write' }>,
    isWanted: () => boolean,
  ): Promise<boolean> {
    const { prompt: typed, temperature, length, seed, stop } = given;
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
    { id, lines, labels }: Extract<PageRequest, { readonly kind: 'convert' }>,
  ): Promise<boolean> {
    if (converter === undefined) throw new CharnnError('a model of texts does not convert lines');
    this.reply({ kind: 'converted', id, lines: await converter.convert(lines, labels) });
    return true;
  }
}

const none = new Uint8Array(0);

/**
 * Makes the network of a model for the chosen labels, in a memory of its own.
 * @param bytes size of this memory; by default the least that the network needs
 */
function start(
  model: Model,
  module: WebAssembly.Module,
  labels: readonly number[],
  bytes?: number,
): Opened {
  const own = model.config.pairs || labels.length === 0 ? model : withLabelsChosen(model, labels);
  const { config } = own;
  const least = otherBytes + 4 * parameterTable(config).flatSize + networkBytes(config, 1, 1);
  return inEnoughRoom(module, bytes ?? least, (backend, enough) => ({
    ...{ model, module, labels, bytes: enough },
    ...(config.pairs
      ? { converter: new LineConverter(own, backend) }
      : { writer: new TextWriter(own, backend) }),
  }));
}
