/** `charnn serve` with many requests, slow readers, broken connections, and signals. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { Folder, verses } from '../commands/run.js';
import { RunningServer } from './server.js';

const folder = new Folder();
const servers: RunningServer[] = [];

beforeAll(async () => {
  await folder.train(verses(3000), '-o', 'model.json', '--hidden', '64', '--counts', '0', '-q');
});
afterEach(async () => {
  for (const server of servers.splice(0))
    if (server.child.exitCode === null) await server.stop('SIGKILL');
});

async function start(...options: string[]): Promise<RunningServer> {
  const server = await RunningServer.start(folder, 'model.json', '--backend', 'wasm', ...options);
  servers.push(server);
  return server;
}

const residentMegabytes = ({ pid }: RunningServer) =>
  (Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * 4096) / 2 ** 20;

test('200 requests at a time are all answered, each with its own text', async () => {
  const server = await start();
  const bodies = Array.from({ length: 200 }, (_, i) => ({
    ...{ prompt: `${i} green`, seed: i, max_tokens: 200 },
    stream: i % 2 === 1,
  }));
  const replies = await Promise.all(bodies.map((body) => server.send('/v1/completions', body)));
  expect(replies.map(({ status }) => status)).toEqual(bodies.map(() => 200));
  const textOf = (text: string) =>
    text.startsWith('data:')
      ? text
          .split('\n\n')
          .filter((event) => event.includes('{'))
          .map((event) => JSON.parse(event.slice(6)).choices[0].text)
          .join('')
      : JSON.parse(text).choices[0].text;
  const texts = replies.map(({ text }) => textOf(text));
  for (const i of [0, 1, 99, 198]) {
    const given = [
      '-p',
      `${i} green`,
      '--seed',
      `${i}`,
      '-l',
      '200',
      '--no-echo',
      '--backend',
      'wasm',
    ];
    const { stdout } = await folder.run(['sample', '-m', 'model.json', ...given]);
    expect(texts[i]).toBe(stdout);
  }
  expect(server.stderr.trimEnd().split('\n')).toHaveLength(1);
});

test('long texts do not hold up short ones', async () => {
  const server = await start();
  const long = Array.from({ length: 40 }, () =>
    server.begin('/v1/completions', { method: 'POST' }),
  );
  let answered = 0;
  for (const request of long) {
    request.on('error', () => {});
    request.on('response', () => answered++);
    request.end(JSON.stringify({ max_tokens: 100_000 }));
  }
  const { choices } = await server.json('/v1/completions', { max_tokens: 50, seed: 1 });
  expect(choices[0].text).toHaveLength(50);
  expect(answered).toBe(0);
  for (const request of long) request.destroy();
});

test('what is dropped is given up: the server has nothing to do any more', async () => {
  const server = await start();
  const used = () => {
    const [, user, system] =
      /\) (?:\S+ ){11}(\d+) (\d+)/.exec(readFileSync(`/proc/${server.pid}/stat`, 'latin1')) ?? [];
    return Number(user) + Number(system);
  };
  const requests = Array.from({ length: 50 }, (_, i) => {
    const request = server.begin('/v1/completions', { method: 'POST' });
    request.on('error', () => {});
    request.on('response', (response) => response.on('error', () => {}).resume());
    request.end(JSON.stringify({ max_tokens: 100_000, stream: i % 2 === 0 }));
    return request;
  });
  await server.json('/v1/completions', { max_tokens: 5 });
  for (const request of requests) request.destroy();
  await server.json('/v1/completions', { max_tokens: 5 });
  await setTimeout(300);
  const before = used();
  await setTimeout(1000);
  // ticks of 10 ms
  expect(used() - before).toBeLessThan(20);
});

test('slow readers cost no memory, and others are answered', async () => {
  const server = await start();
  await server.json('/v1/completions', { max_tokens: 100 });
  const before = residentMegabytes(server);
  const sockets = Array.from({ length: 100 }, () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    // nothing is ever read
    socket.pause();
    const body = JSON.stringify({ max_tokens: 100_000, n: 10, stream: true, logprobs: 5 });
    socket.write(
      `POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    return socket;
  });
  for (let i = 0; i < 5; i++) {
    const { status } = await server.json('/v1/completions', { max_tokens: 50 });
    // 1,000 texts are under way, so there is room for this one
    expect(status).toBe(200);
    await setTimeout(200);
  }
  expect(residentMegabytes(server) - before).toBeLessThan(250);
  const { status, error } = await server.json('/v1/completions', { n: 100 });
  expect([status, error.message]).toEqual([503, expect.stringMatching(/^the server is busy/)]);
  for (const socket of sockets) socket.destroy();
});

test('bodies of 10 MB are refused, and cost no memory', async () => {
  const server = await start();
  const before = residentMegabytes(server);
  const body = JSON.stringify({ prompt: 'x'.repeat(10e6) });
  const replies = await Promise.all(
    Array.from({ length: 10 }, () => server.json('/v1/completions', body)),
  );
  for (const { status, error } of replies) {
    expect([status, error.message]).toEqual([413, 'the request is longer than 1048576 bytes']);
  }
  expect(residentMegabytes(server) - before).toBeLessThan(150);
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s lets what is under way end', async (signal) => {
  const server = await start();
  const reply = server.json('/v1/completions', { max_tokens: 20_000, seed: 1 });
  await server.json('/v1/models');
  await setTimeout(100);
  const code = server.stop(signal);
  await setTimeout(100);
  await expect(server.send('/v1/models')).rejects.toThrow();
  const { status, choices } = await reply;
  expect([status, choices[0].text.length]).toEqual([200, 20_000]);
  expect(await code).toBe(signal === 'SIGINT' ? 130 : 143);
});

test('a text that goes on too long is broken off when the server ends; a second signal ends it at once', async () => {
  const server = await start();
  const reply = server.send('/v1/completions', { max_tokens: 100_000, n: 10 });
  const failed = expect(reply).rejects.toThrow();
  await setTimeout(300);
  const code = server.stop('SIGTERM');
  await setTimeout(100);
  server.child.kill('SIGTERM');
  expect(await code).toBe(143);
  await failed;
});

test('a port that is taken, and an address that this machine has not, are refused in a line', async () => {
  const server = await start();
  const taken = await folder.run(['serve', 'model.json', '--port', `${server.port}`]);
  expect([taken.status, taken.stderr.trimEnd()]).toEqual([
    1,
    `charnn: cannot listen on 127.0.0.1, port ${server.port}: another program listens there; give another --port or --host`,
  ]);
  const strange = await folder.run(['serve', 'model.json', '--host', '192.0.2.1', '--port', '0']);
  expect(strange.stderr).toMatch(
    /^charnn: cannot listen on 192\.0\.2\.1, port 0: this machine has no such address/,
  );
});
