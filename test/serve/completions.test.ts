/** The interface of `charnn serve`, against the commands that do the same. */
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Folder, verses } from '../commands/run.js';
import { RunningServer } from './server.js';

const folder = new Folder();
let server: RunningServer;

beforeAll(async () => {
  await folder.train(verses(6000), '--counts', '4', '-o', 'poems.json', '-q');
  server = await RunningServer.start(folder, 'poems.json', '--backend', 'wasm');
});
afterAll(async () => {
  expect(await server.stop()).toBe(143);
});

const sampled = async (...options: string[]) => {
  const words = ['sample', '-m', 'poems.json', '--backend', 'wasm', '--no-echo'];
  return (await folder.run([...words, ...options])).stdout;
};

const complete = (body: object) => server.json('/v1/completions', body);

describe('/v1/completions', () => {
  test.each([
    [{ seed: 3 }, ['--seed', '3', '-l', '16']],
    [{ prompt: '12 gr', seed: 4, max_tokens: 300 }, ['-p', '12 gr', '--seed', '4', '-l', '300']],
    [{ prompt: 'x', seed: 4, max_tokens: 50, temperature: 0 }, ['-p', 'x', '-t', '0', '-l', '50']],
    [
      { prompt: '7 ', seed: 9, max_tokens: 200, temperature: 0.7, top_p: 0.9, stop: ['all', '\n'] },
      [
        '-p',
        '7 ',
        '--seed',
        '9',
        '-t',
        '0.7',
        '--top-p',
        '0.9',
        '--stop',
        'all',
        '--stop',
        '\\n',
        '-l',
        '200',
      ],
    ],
  ])('%j draws what sample draws', async (body, options) => {
    const { status, object, model, choices, usage } = await complete(body);
    expect([status, object, model]).toEqual([200, 'text_completion', 'poems']);
    expect(choices).toHaveLength(1);
    expect(choices[0].text).toBe(await sampled(...options));
    expect(choices[0].index).toBe(0);
    expect(choices[0].finish_reason).toBe('stop' in body ? 'stop' : 'length');
    expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens);
    expect(usage.prompt_tokens).toBe(('prompt' in body ? body.prompt : '').length);
  });

  test('n texts for each of several prompts, with the prompts in front', async () => {
    const given = { seed: 5, max_tokens: 120, temperature: 1.5, echo: true };
    const { choices } = await complete({ ...given, prompt: ['1 g', '2 gr'], n: 3 });
    expect(choices.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    const texts = choices.map(({ text }: { text: string }) => text);
    for (const [i, text] of texts.entries())
      expect(text.startsWith(i < 3 ? '1 g' : '2 gr')).toBe(true);
    expect(new Set(texts).size).toBe(6);
    const alone = await complete({ ...given, prompt: '2 gr', n: 3 });
    expect(alone.choices.map(({ text }: { text: string }) => text)).toEqual(texts.slice(3));
  });

  test('log-probabilities are those of the surprise that score measures', async () => {
    const body = { prompt: '\n3 green bottles\n', max_tokens: 0, echo: true, logprobs: 3 };
    const { choices } = await complete(body);
    const [{ text, logprobs }] = choices;
    expect(text).toBe(body.prompt);
    expect(logprobs.tokens.join('')).toBe(body.prompt);
    expect(logprobs.text_offset).toEqual(Array.from(body.prompt, (_, i) => i));
    expect(logprobs.token_logprobs[0]).toBe(null);
    expect(logprobs.top_logprobs[0]).toBe(null);
    for (const likely of logprobs.top_logprobs.slice(1))
      expect(Object.keys(likely)).toHaveLength(3);
    const nats = logprobs.token_logprobs.slice(1).reduce((a: number, b: number) => a - b, 0);
    const { stdout } = await folder.run(['score', '-m', 'poems.json'], '3 green bottles\n');
    expect(nats / Math.LN2 / 16).toBeCloseTo(Number(stdout.split('\t')[0]), 3);

    const drawn = await complete({ prompt: '4', max_tokens: 30, seed: 1, logprobs: 0 });
    const of = drawn.choices[0].logprobs;
    expect(of.tokens.join('')).toBe(drawn.choices[0].text);
    expect(of.text_offset[0]).toBe(1);
    expect(of.top_logprobs).toEqual(of.tokens.map(() => ({})));
  });

  test('a real client streams a completion', async () => {
    const client = new OpenAI({ apiKey: 'none', baseURL: `${server.address}/v1` });
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['poems']);
    expect((await client.models.retrieve('poems')).object).toBe('model');
    const stream = await client.completions.create({
      model: 'poems',
      prompt: '8 green',
      max_tokens: 2000,
      seed: 2,
      stream: true,
      stream_options: { include_usage: true },
    });
    const pieces: string[] = [];
    let usage: { completion_tokens: number } | null | undefined;
    let reason: string | null = null;
    for await (const part of stream) {
      usage = part.usage ?? usage;
      if (part.choices.length === 0) continue;
      pieces.push(part.choices[0].text);
      reason = part.choices[0].finish_reason;
    }
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join('')).toBe(await sampled('-p', '8 green', '--seed', '2', '-l', '2000'));
    expect([reason, usage?.completion_tokens]).toEqual(['length', 2000]);
    await expect(client.completions.create({ model: 'other', prompt: '' })).rejects.toThrow(
      /404 the model must be "poems"/,
    );
  });

  test('unknown characters and an empty stop are told, or read as unknown', async () => {
    const { choices } = await complete({ prompt: 'é', max_tokens: 3, echo: true });
    expect(choices[0].text.startsWith('é')).toBe(true);
  });
});

test('a model of pairs has a page, and says that it completes nothing', async () => {
  folder.write('pairs.tsv', 'one\tuno\ntwo\tdue\nthree\ttre\n'.repeat(20));
  const sizes = ['--hidden', '8', '--embedding', '4', '--steps', '4', '--threads', '1'];
  await folder.run(['train', '--pairs', 'pairs.tsv', ...sizes, '-o', 'pairs.json', '-q']);
  const pairs = await RunningServer.start(folder, 'pairs.json');
  expect((await pairs.send('/')).text).toMatch(/^<!doctype html>/);
  const { status, error } = await pairs.json('/v1/completions', { prompt: 'one' });
  expect([status, error.message]).toEqual([
    400,
    expect.stringMatching(/^this is a model of pairs/),
  ]);
  await pairs.stop();
});

test('/score measures what charnn score measures', async () => {
  const lines = ['3 green bottles hanging', 'xylophone', '', 'ñ'];
  const { results } = await server.json('/score', { input: lines, characters: true });
  const { stdout } = await folder.run(
    ['score', '-m', 'poems.json', '--per-char'],
    lines.join('\n'),
  );
  const expected = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(results).toHaveLength(4);
  for (const [i, result] of results.entries()) {
    expect(result.bitsPerCharacter).toBeCloseTo(expected[i].bitsPerCharacter, 3);
    expect(result.characterBits).toHaveLength(result.characters);
    expect(result.characters).toBe(expected[i].bits.length);
  }
  expect(results[3].unknown).toBe(1);
  const single = await server.json('/score', { input: 'xylophone' });
  expect(single.results[0].bits).toBeCloseTo(results[1].bits, 6);
});

describe('what is wrong is said in a sentence', () => {
  test.each([
    ['{', 400, /^the request is not valid JSON$/],
    ['[1]', 400, /^the request is not an object$/],
    [{ prompt: 5 }, 400, /prompt must be a text or a list of 1 to 128 texts, not 5$/],
    [{ prompt: [[1, 2]] }, 400, /prompt must be a text or a list/],
    [{ max_tokens: -1 }, 400, /max_tokens must be an integer from 0 to 100000, not -1$/],
    [{ max_tokens: 1e5, n: 100 }, 400, /max_tokens must be at most 1000000 for all texts/],
    [{ temperature: 3 }, 400, /temperature must be a number from 0 to 2, not 3$/],
    [{ top_p: 0 }, 400, /top_p must be a number above 0/],
    [{ n: 0 }, 400, /n must be an integer from 1 to 128/],
    [{ best_of: 3 }, 400, /best_of must be the same as n/],
    [{ seed: 1.5 }, 400, /seed must be an integer/],
    [{ stop: '' }, 400, /stop must be a text or a list of texts, none of them empty/],
    [{ logprobs: 6 }, 400, /logprobs must be an integer from 0 to 5/],
    [{ stream: 'yes' }, 400, /stream must be true or false/],
    [{ logit_bias: { 5: 1 } }, 400, /logit_bias must be left out/],
    [{ model: 'gpt' }, 404, /^the model must be "poems"/],
  ])('%j', async (body, status, message) => {
    const answer = await server.json('/v1/completions', body);
    expect(answer.status).toBe(status);
    expect(answer.error.message).toMatch(message);
    expect(answer.error.type).toBe('invalid_request_error');
  });

  test('brackets without end', async () => {
    const answer = await server.json('/v1/completions', '['.repeat(1e6));
    expect([answer.status, answer.error.message]).toEqual([400, 'the request is not valid JSON']);
  });

  test('fields that are null, empty or off are as if they were absent', async () => {
    const empty = { logit_bias: {}, suffix: null, presence_penalty: 0, stop: null, n: null };
    const { choices } = await complete({ ...empty, seed: 3, user: 'me' });
    expect(choices[0].text).toBe(await sampled('--seed', '3', '-l', '16'));
  });

  test('paths and methods', async () => {
    expect((await server.json('/nothing')).status).toBe(404);
    expect((await server.json('/__proto__')).status).toBe(404);
    const wrong = await server.send('/v1/completions');
    expect([wrong.status, wrong.headers.allow]).toEqual([405, 'POST']);
    expect((await server.send('/', undefined, { method: 'HEAD' })).text).toBe('');
  });
});

describe('requests from elsewhere', () => {
  test.each([
    ['another name', { host: 'evil.example' }, 403],
    ['a name that only begins like ours', { host: 'localhost.evil.example' }, 403],
    ['what is no name', { host: 'evil.example/127.0.0.1' }, 403],
    ['a page of another site', { origin: 'http://evil.example' }, 403],
    ['a page from disk', { origin: 'null' }, 403],
    ['a page of another port', { origin: 'http://127.0.0.1:1' }, 403],
    ['localhost', { host: 'localhost' }, 200],
  ])('%s', async (_, headers, status) => {
    expect((await server.send('/v1/models', undefined, { headers })).status).toBe(status);
    const drawn = await server.send('/v1/completions', { max_tokens: 1 }, { headers });
    expect(drawn.status).toBe(status);
  });

  test('our own page may ask', async () => {
    const headers = { origin: server.address };
    expect((await server.send('/v1/models', undefined, { headers })).status).toBe(200);
  });
});
