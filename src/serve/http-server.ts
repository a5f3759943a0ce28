/** The server: which requests are accepted, what each path answers, and how the server ends. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Backend } from '../backend/backend.js';
import { CharnnError, spelt, systemReason } from '../errors.js';
import type { Model } from '../model/model-data.js';
import { CompletionAnswer } from './completion-answer.js';
import { completionRequest } from './completion-request.js';
import { DrawPool } from './draw-pool.js';
import { HttpFailure } from './http-failure.js';
import { foreignness } from './own-address.js';
import { readBody } from './request-body.js';
import { scoreTexts, textsToScore } from './score-request.js';

export interface Service {
  readonly model: Model;
  /** The name by which requests and answers call the model */
  readonly name: string;
  /** The back end that the server computes with; its memory is kept as long as the server runs. */
  readonly backend: Backend;
  /** The page at `/`, as bytes of UTF-8 */
  readonly page: Uint8Array;
  /** The name or address to listen on */
  readonly host: string;
  readonly port: number;
  /** Called with errors that are defects of charnn. */
  readonly onDefect: (error: unknown) => void;
}

/** Max number of texts that are being drawn or wait for it */
const maxTexts = 1024;
const maxConnections = 1024;
/** Milliseconds within which the head of a request, and the whole request, must have arrived */
const headMs = 10_000;
const requestMs = 60_000;
/** Milliseconds that requests have to end when the server ends */
const farewellMs = 5_000;

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export class ModelServer {
  private readonly server: Server;
  /** Draws and reads texts; absent for a model trained on pairs, which only converts lines */
  private readonly drawing: DrawPool | undefined;
  private readonly created = Math.floor(Date.now() / 1000);
  private readonly paths: Readonly<
    Record<string, { readonly method: string; readonly answer: Answer }>
  >;

  constructor(private readonly service: Service) {
    const { model, backend } = service;
    this.drawing = model.config.pairs ? undefined : new DrawPool(model, backend);
    this.paths = {
      '/': { method: 'GET', answer: async (_, response) => this.sendPage(response) },
      '/v1/models': {
        method: 'GET',
        answer: async (_, response) =>
          send(response, 200, { object: 'list', data: [this.described] }),
      },
      [`/v1/models/${encodeURIComponent(service.name)}`]: {
        method: 'GET',
        answer: async (_, response) => send(response, 200, this.described),
      },
      '/v1/completions': { method: 'POST', answer: (...all) => this.complete(...all) },
      '/score': { method: 'POST', answer: (...all) => this.score(...all) },
    };
    this.server = createServer({ requestTimeout: requestMs, headersTimeout: headMs }, (...all) => {
      void this.take(...all);
    });
    this.server.maxConnections = maxConnections;
  }

  /**
   * Starts listening.
   * @returns the address, as a browser accepts it
   * @throws CharnnError when the port or the address is not available
   */
  async listen(): Promise<string> {
    const { host, port } = this.service;
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', (cause) => {
        const code = (cause as NodeJS.ErrnoException).code ?? '';
        const why = {
          EADDRINUSE: 'another program listens there',
          EADDRNOTAVAIL: 'this machine has no such address',
        };
        const reason = why[code as keyof typeof why] ?? systemReason(cause);
        reject(
          new CharnnError(
            `cannot listen on ${host}, port ${port}: ${reason}; give another --port or --host`,
            1,
            { cause },
          ),
        );
      });
      this.server.listen(port, host, resolve);
    });
    const address = this.server.address() as AddressInfo;
    const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `http://${name}:${address.port}/`;
  }

  /** Accepts no more requests, and ends when those in progress have ended, or after some seconds. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeIdleConnections();
    const timer = setTimeout(() => this.server.closeAllConnections(), farewellMs);
    await closed;
    clearTimeout(timer);
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // a broken connection is not a defect; anything that is written to it afterwards is discarded
    request.on('error', () => {});
    response.on('error', () => {});
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    response.setHeader('Cache-Control', 'no-store');
    try {
      await this.answer(request, response);
    } catch (error) {
      this.refuse(error, request, response);
    }
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const foreign = foreignness(this.service.host, request.headers);
    if (foreign !== undefined) throw new HttpFailure(403, foreign);
    const path = (request.url ?? '/').replace(/[?#].*/s, '');
    const found = Object.hasOwn(this.paths, path) ? this.paths[path] : undefined;
    if (found === undefined) {
      throw new HttpFailure(
        404,
        `there is no such path; the paths are ${Object.keys(this.paths).join(', ')}`,
      );
    }
    const { method } = request;
    if (method !== found.method && !(method === 'HEAD' && found.method === 'GET')) {
      response.setHeader('Allow', found.method);
      throw new HttpFailure(405, `${path} is for ${found.method}`);
    }
    await found.answer(request, response);
  }

  private async complete(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { model, name } = this.service;
    const pool = this.requirePool();
    const wanted = completionRequest(await readBody(request), model, name);
    requireRoom(pool, wanted.prompts.length * wanted.n);
    await new CompletionAnswer(wanted, model, name, response, pool).send();
  }

  private async score(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { model, name } = this.service;
    const pool = this.requirePool();
    const wanted = textsToScore(await readBody(request), model, name);
    requireRoom(pool, wanted.texts.length);
    const answer = await scoreTexts(wanted, model, name, response, pool);
    if (answer !== undefined) send(response, 200, answer);
  }

  private requirePool(): DrawPool {
    if (this.drawing !== undefined) return this.drawing;
    throw new HttpFailure(
      400,
      'this is a model of pairs, which converts lines: use its page, or charnn convert',
    );
  }

  private sendPage(response: ServerResponse): void {
    response.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': this.service.page.length,
      'Referrer-Policy': 'no-referrer',
      'X-Frame-Options': 'DENY',
    });
    response.end(response.req.method === 'HEAD' ? undefined : this.service.page);
  }

  private get described() {
    const { name, model } = this.service;
    return {
      ...{ id: name, object: 'model', created: this.created, owned_by: 'charnn' },
      ...(model.beside && { labels: model.beside.labels }),
    };
  }

  private refuse(error: unknown, request: IncomingMessage, response: ServerResponse): void {
    const isWorded = error instanceof CharnnError;
    const failure =
      error instanceof HttpFailure
        ? error
        : new HttpFailure(
            isWorded ? 400 : 500,
            isWorded ? spelt(error.unspelt, (key) => key) : 'internal error',
          );
    if (failure.status === 500) this.service.onDefect(error);
    if (response.destroyed) return;
    // once an answer has begun, it can no longer become an error message, only be aborted
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (failure.status === 503) response.setHeader('Retry-After', '1');
    // the rest of the request is not read, so the connection cannot be used for another request
    if (!request.complete) response.setHeader('Connection', 'close');
    send(response, failure.status, failure.body);
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}

function requireRoom(pool: DrawPool, texts: number): void {
  if (pool.size + texts <= maxTexts) return;
  throw new HttpFailure(
    503,
    `the server is busy: it works on at most ${maxTexts} texts at the same time; try again later`,
  );
}
