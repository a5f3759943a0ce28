/** Answers a request for completions, with one object or as a stream of server-sent events. */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Model } from '../model/model-data.js';
import { guesses, type TextPiece } from '../pages/model-page.js';
import { symbolName } from '../published/page-content.js';
import { SymbolTexts } from '../published/symbol-texts.js';
import type { CompletionRequest } from './completion-request.js';
import type { DrawPool } from './draw-pool.js';
import { CompletionTask } from './pool-tasks.js';
import { ResponseReader } from './response-reader.js';

interface Choice {
  readonly task: CompletionTask;
  readonly texts: SymbolTexts;
  readonly prompt: string;
  /** The part of this choice's text that has been drawn but not sent yet */
  text: string;
  /** Position of the next character, counted from the beginning of the prompt */
  offset: number;
  logprobs: Logprobs | undefined;
  begun: boolean;
  ended: boolean;
}

/**
 * For each character in order: the character, its log-probability, the most probable characters at its position, and
 * its offset
 */
interface Logprobs {
  readonly tokens: string[];
  readonly token_logprobs: (number | null)[];
  readonly top_logprobs: (Readonly<Record<string, number>> | null)[];
  readonly text_offset: number[];
}

export class CompletionAnswer {
  private readonly head: Readonly<Record<string, unknown>>;
  private readonly choices: readonly Choice[];
  private readonly reader: ResponseReader;
  private readonly names: readonly string[] | undefined;
  /** Called when the answer is complete, or its reader has gone. */
  private settle: () => void = () => {};
  /** Called when the answer cannot be completed. */
  private fail: (error: unknown) => void = () => {};

  constructor(
    private readonly request: CompletionRequest,
    model: Model,
    name: string,
    private readonly response: ServerResponse,
    private readonly pool: DrawPool,
  ) {
    this.head = {
      id: `cmpl-${randomUUID()}`,
      object: 'text_completion',
      created: Math.floor(Date.now() / 1000),
      model: name,
    };
    this.reader = new ResponseReader(response, () => pool.wake());
    const { prompts, settings, labels, n, logprobs } = request;
    this.names =
      logprobs === undefined
        ? undefined
        : Array.from({ length: model.vocabulary.size }, (_, id) =>
            symbolName(model.vocabulary, id),
          );
    this.choices = prompts.flatMap(({ text, ids }, p) =>
      Array.from({ length: n }, (_, i): Choice => {
        const reader = this.readerOf(p * n + i);
        return {
          task: new CompletionTask(model, ids, labels, settings[p], i, this.names, reader),
          texts: new SymbolTexts(model.vocabulary),
          prompt: text,
          ...{ text: '', offset: 0, begun: false, ended: false },
          logprobs: undefined,
        };
      }),
    );
  }

  /**
   * Sends the answer. The promise is fulfilled when all of it is sent, or when the reader has gone.
   * @throws what drawing has thrown
   */
  async send(): Promise<void> {
    const { request, response, reader, choices, pool } = this;
    const settled = new Promise<void>((resolve, reject) => {
      this.settle = resolve;
      this.fail = reject;
    });
    reader.onGone(() => this.settle());
    if (request.stream) {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    }
    for (const { task } of choices) pool.add(task);
    await settled;
    if (reader.gone) return;
    if (!request.stream) {
      const body = {
        ...this.head,
        choices: choices.map((c, i) => this.part(c, i)),
        usage: this.usage,
      };
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(body));
      return;
    }
    if (request.streamUsage) this.event({ ...this.head, choices: [], usage: this.usage });
    response.end('data: [DONE]\n\n');
  }

  private readerOf(index: number) {
    const { reader } = this;
    return {
      get gone() {
        return reader.gone;
      },
      get waiting() {
        return reader.waiting;
      },
      onFlush: () => this.collect(this.choices[index], index),
      onFail: (error: unknown) => {
        this.choices[index].ended = true;
        this.fail(error);
      },
    };
  }

  /**
   * Collects what has been drawn for a choice (one of the texts of the answer), and sends it if the answer is a stream.
   */
  private collect(choice: Choice, index: number): void {
    const { task, texts } = choice;
    if (choice.ended || this.reader.gone) return;
    if (!choice.begun && (task.drawn > 0 || task.done)) this.begin(choice);
    const { ids, foretold } = task.take();
    choice.text += ids.map((id) => texts.next(id)).join('');
    if (foretold) this.note(choice, foretold);
    choice.ended = task.done;
    if (this.request.stream && (choice.text !== '' || choice.ended)) {
      this.event({ ...this.head, choices: [this.part(choice, index)] });
      choice.text = '';
      choice.logprobs = undefined;
    }
    if (this.choices.every(({ ended }) => ended)) this.settle();
  }

  /** Puts the prompt before the text that is drawn, if the request asks for it. */
  private begin(choice: Choice): void {
    choice.begun = true;
    if (!this.request.echo) {
      choice.offset = Array.from(choice.prompt).length;
      return;
    }
    choice.text = choice.prompt;
    if (choice.task.ofPrompt) this.note(choice, choice.task.ofPrompt.piece);
  }

  private note(choice: Choice, { texts, bits, ids, probabilities }: TextPiece): void {
    const { logprobs: wanted = 0 } = this.request;
    choice.logprobs ??= { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
    const { tokens, token_logprobs, top_logprobs, text_offset } = choice.logprobs;
    texts.forEach((text, i) => {
      tokens.push(text);
      text_offset.push(choice.offset++);
      const isFirst = Number.isNaN(bits[i]);
      token_logprobs.push(isFirst ? null : -bits[i] * Math.LN2);
      const likely = Array.from({ length: wanted }, (_, k) => i * guesses + k).filter(
        (at) => ids[at] >= 0 && probabilities[at] > 0,
      );
      top_logprobs.push(
        isFirst
          ? null
          : Object.fromEntries(
              likely.map((at) => [this.names?.[ids[at]], Math.log(probabilities[at])]),
            ),
      );
    });
  }

  private part({ text, task, logprobs, ended }: Choice, index: number) {
    return {
      text,
      index,
      logprobs: logprobs ?? null,
      finish_reason: ended ? task.reason : null,
    };
  }

  private event(value: unknown): void {
    this.reader.write(`data: ${JSON.stringify(value)}\n\n`);
  }

  /** The numbers of characters that were read and written */
  private get usage() {
    const { prompts } = this.request;
    const read = prompts.reduce((sum, { ids }) => sum + ids.length, 0);
    const drawn = this.choices.reduce((sum, { task }) => sum + task.drawn, 0);
    return { prompt_tokens: read, completion_tokens: drawn, total_tokens: read + drawn };
  }
}
