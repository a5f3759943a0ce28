/**
 * Pages in Firefox, where there is one: Debian's firefox-esr, or what FIREFOX names. It is driven by the protocol that it
 * brings itself, Marionette: messages of JSON behind their length, by TCP.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe } from 'vitest';
import { temporaryFolder } from '../folder.js';

const executable = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
const installed = existsSync(executable);

/** Nothing of the browser's own is to reach out, and what pages complain about goes to standard output. */
const preferences = {
  'marionette.port': 0,
  'devtools.console.stdout.content': true,
  'browser.dom.window.dump.enabled': true,
  'app.update.enabled': false,
  'app.normandy.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.enabled': false,
};

const patienceMs = 90_000;

export class Firefox {
  private readonly waiting = new Map<number, (answer: readonly unknown[]) => void>();
  private received = Buffer.alloc(0);
  private id = 0;
  private printed = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly socket: Socket,
  ) {
    socket.on('data', (data) => this.take(data));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => {
        this.printed += data;
      });
    }
  }

  static async start(): Promise<Firefox> {
    const profile = temporaryFolder('charnn firefox ');
    const lines = Object.entries(preferences).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
    );
    writeFileSync(join(profile, 'user.js'), lines.join('\n'));
    const words = ['--headless', '--no-remote', '--marionette', '--profile', profile];
    const child = spawn(executable, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    // the port that it has taken is in its preferences
    const portFile = join(profile, 'MarionetteActivePort');
    const end = performance.now() + patienceMs;
    while (!existsSync(portFile) || readFileSync(portFile, 'utf8') === '') {
      if (performance.now() > end) throw new Error('Firefox does not start');
      await setTimeout(100);
    }
    const socket = connect(Number(readFileSync(portFile, 'utf8')), '127.0.0.1');
    const firefox = new Firefox(child, socket);
    await new Promise<void>((resolve) => {
      // it greets first
      firefox.waiting.set(0, () => resolve());
    });
    await firefox.send('WebDriver:NewSession', {});
    return firefox;
  }

  /** Opens a page from disk, or from anywhere. */
  async open(path: string, fragment = ''): Promise<void> {
    const url = path.startsWith('http') ? path : pathToFileURL(path).href;
    this.printed = '';
    await this.send('WebDriver:Navigate', { url: url + fragment });
  }

  async resize(width: number, height: number): Promise<void> {
    await this.send('WebDriver:SetWindowRect', { width, height });
  }

  /** The value of an expression in the page */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.send('WebDriver:ExecuteScript', {
      script: `return (${expression});`,
      args: [],
    });
    return (answer as { value: T }).value;
  }

  /** Waits until an expression is true in the page. */
  async until(expression: string): Promise<void> {
    const end = performance.now() + patienceMs;
    while (!(await this.evaluate<boolean>(`Boolean(${expression})`))) {
      if (performance.now() > end) throw new Error(`never true: ${expression}`);
      await setTimeout(50);
    }
  }

  /** @returns a picture, as PNG */
  async screenshot(): Promise<Buffer> {
    const answer = await this.send('WebDriver:TakeScreenshot', { full: true, hash: false });
    return Buffer.from((answer as { value: string }).value, 'base64');
  }

  /** What the page has complained about since it was opened */
  get complaints(): readonly string[] {
    return (
      this.printed
        .split('\n')
        .filter((line) =>
          /console\.(error|warn)|JavaScript (error|warning)|Content-Security/.test(line),
        )
        // of the browser itself
        .filter((line) => !/(resource|chrome):\/\//.test(line))
    );
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.socket.destroy();
    this.child.kill();
    await ended;
  }

  private send(name: string, parameters: object): Promise<unknown> {
    const id = ++this.id;
    const text = JSON.stringify([0, id, name, parameters]);
    this.socket.write(`${Buffer.byteLength(text)}:${text}`);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ([, , error, result]) => {
        if (error === null) resolve(result);
        else reject(new Error(`${name}: ${(error as { message: string }).message}`));
      });
    });
  }

  private take(data: Buffer): void {
    this.received = Buffer.concat([this.received, data]);
    for (;;) {
      const colon = this.received.indexOf(':');
      const length = Number(this.received.subarray(0, Math.max(0, colon)).toString());
      if (colon < 0 || this.received.length < colon + 1 + length) return;
      const message = JSON.parse(this.received.subarray(colon + 1, colon + 1 + length).toString());
      this.received = this.received.subarray(colon + 1 + length);
      const id = Array.isArray(message) ? message[1] : 0;
      this.waiting.get(id)?.(message);
      this.waiting.delete(id);
    }
  }
}

/** Tests that need Firefox: left out, with a note, where there is none. */
export function describeInFirefox(name: string, tests: (firefox: () => Firefox) => void): void {
  if (!installed) {
    describe.skip(`${name} (no Firefox: install firefox-esr, or name one in FIREFOX)`, () => {
      tests(() => {
        throw new Error('no Firefox');
      });
    });
    return;
  }
  describe(name, () => {
    let firefox: Firefox | undefined;
    beforeAll(async () => {
      firefox = await Firefox.start();
    }, patienceMs);
    afterAll(() => firefox?.close());
    tests(() => {
      if (firefox === undefined) throw new Error('no Firefox yet');
      return firefox;
    });
  });
}
