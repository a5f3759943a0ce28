/** Runs the real binary as a child process in a temporary directory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../folder.js';

export const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));

export interface Outcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stdoutBytes: Buffer;
  readonly stderr: string;
}

/** A small, quick training; other options are added to it. */
export const small = [
  ...['--hidden', '8', '--layers', '1', '--embedding', '4', '--batch-size', '2'],
  ...['--seq-length', '8', '--steps', '4', '--threads', '1'],
];

export class Folder {
  // with a space, which every path may have
  readonly path = temporaryFolder('charnn test ');

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(join(this.path, name), content);
    return name;
  }

  read(name: string): Buffer {
    return readFileSync(join(this.path, name));
  }

  json(name: string) {
    return JSON.parse(this.read(name).toString('utf8'));
  }

  start(args: readonly string[], stdin: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
    return spawn(process.execPath, [binary, ...args], {
      cwd: this.path,
      stdio: [stdin, 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined },
    });
  }

  run(args: readonly string[], input?: string | Uint8Array): Promise<Outcome> {
    const child = this.start(args, input === undefined ? 'ignore' : 'pipe');
    child.stdin?.end(input);
    return finished(child);
  }

  /** Trains a small model on a text. */
  train(text: string | Uint8Array, ...options: string[]): Promise<Outcome> {
    this.write('text.txt', text);
    return this.run(['train', 'text.txt', ...small, ...options]);
  }

  /** Runs a shell command line in which `charnn` is the binary. */
  shell(line: string): Promise<Outcome> {
    const charnn = `charnn() { '${process.execPath}' '${binary}' "$@"; }; set -o pipefail; `;
    const child = spawn('bash', ['-c', charnn + line], { cwd: this.path, stdio: 'pipe' });
    child.stdin.end();
    return finished(child);
  }
}

/**
 * Makes a folder at the first call. Each call returns a copy, so that tests which begin with the same training do not
 * train again. With `--resume`, the training in a copy reads the text in the first folder, whose path the state holds.
 */
export function madeOnce(make: () => Promise<Folder>): () => Promise<Folder> {
  let made: Promise<Folder> | undefined;
  return async () => {
    made ??= make();
    const copy = new Folder();
    cpSync((await made).path, copy.path, { recursive: true, preserveTimestamps: true });
    return copy;
  };
}

export async function finished(child: ChildProcess): Promise<Outcome> {
  const collect = (stream: NodeJS.ReadableStream | null) => {
    const chunks: Buffer[] = [];
    stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
    return () => Buffer.concat(chunks);
  };
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.on('close', (...outcome) => resolve(outcome)),
  );
  const stdoutBytes = stdout();
  return {
    status,
    signal,
    stdout: stdoutBytes.toString('utf8'),
    stdoutBytes,
    stderr: stderr().toString('utf8'),
  };
}

/** English-like text of about `length` characters that differs from line to line. */
export function verses(length: number): string {
  let text = '';
  for (let i = 0; text.length < length; i++) {
    text += `${i} green bottles hanging on the wall, and if ${i % 7} should fall.\n`;
  }
  return text;
}

/** Waits until a file is there. */
export async function fileAppears(folder: Folder, name: string): Promise<void> {
  if (existsSync(join(folder.path, name))) return;
  await new Promise<void>((resolve) => {
    const watcher = watch(folder.path, () => {
      if (!existsSync(join(folder.path, name))) return;
      watcher.close();
      resolve();
    });
  });
}
