/** Starts `charnn serve` as a child process, and talks to it. */
import type { ChildProcess } from 'node:child_process';
import { type ClientRequest, request as httpRequest, type RequestOptions } from 'node:http';
import type { Folder } from '../commands/run.js';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export class RunningServer {
  private constructor(
    readonly child: ChildProcess,
    /** The address, without a slash at its end */
    readonly address: string,
    private readonly printed: () => string,
  ) {}

  static async start(folder: Folder, ...options: string[]): Promise<RunningServer> {
    const child = folder.start(['serve', '--port', '0', ...options]);
    let text = '';
    const address = await new Promise<string>((resolve, reject) => {
      child.stderr?.on('data', (data: Buffer) => {
        text += data;
        const found = /is at (http:\S+)\/ /.exec(text)?.[1];
        if (found) resolve(found);
      });
      child.once('exit', () => reject(new Error(text)));
    });
    return new RunningServer(child, address, () => text);
  }

  get port(): number {
    return Number(new URL(this.address).port);
  }

  /** What it has written to standard error */
  get stderr(): string {
    return this.printed();
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Sends a request as it is, without checking what comes back. */
  begin(path: string, options: RequestOptions = {}): ClientRequest {
    const url = new URL(path, this.address);
    return httpRequest(url, { agent: false, ...options });
  }

  send(path: string, body?: string | object, options: RequestOptions = {}): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const method = body === undefined ? 'GET' : 'POST';
      const request = this.begin(path, { method, ...options });
      request.on('error', reject);
      request.on('response', (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode = 0, headers } = response;
          resolve({ status: statusCode, headers, text: Buffer.concat(pieces).toString('utf8') });
        });
      });
      request.end(typeof body === 'object' ? JSON.stringify(body) : body);
    });
  }

  /** The answer to a request, which must be JSON */
  async json(path: string, body?: string | object, options: RequestOptions = {}) {
    const { status, text } = await this.send(path, body, options);
    return { status, ...JSON.parse(text) };
  }

  /** Ends it by a signal. @returns its exit code */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const code = new Promise<number | null>((resolve) => this.child.once('exit', resolve));
    this.child.kill(signal);
    return code;
  }
}
