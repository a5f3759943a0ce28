/** Devices: what they give back, what they refuse, and what other threads see of them. */
import { describe, expect, test } from 'vitest';
import type { Tensor } from '#charnn/backend/backend.js';
import { withScope } from '#charnn/backend/device.js';
import { openDevice, openExactDevice, openHandle } from '#charnn/backend/open-device.js';
import { CharnnError } from '#charnn/errors.js';
import { DynamicEvaluator } from '#charnn/evaluate/dynamic-evaluator.js';
import { evaluate } from '#charnn/evaluate/evaluate.js';
import { beamSearch } from '#charnn/sample/beam.js';
import { sampleText } from '#charnn/sample/sample-text.js';
import { availableDevices, sync } from '../backends.js';
import { randomModel } from '../small-model.js';

/** Of memory that is taken next: the same place as long as everything was given back. */
const place = (x: Tensor) => (x as unknown as { address: number; start: number }).address;

describe.each(availableDevices)('%s', (_, open) => {
  test('a scope gives back what was allocated in it, and the next finds zeros there', () => {
    const device = open();
    const sizes = [[3], [700_000], [1000, 40]];
    const places = () => {
      const scope = device.scope();
      const tensors = sizes.map((shape) => scope.operations.tensor(shape));
      for (const x of tensors) {
        expect(sync(scope).sum(x)).toBe(0);
        scope.operations.fill(x, 7);
      }
      scope.release();
      return tensors.map((x) => `${place(x)} ${offset(x)}`);
    };
    const offset = (x: Tensor) => {
      const { values } = x as unknown as { values: Float32Array };
      return values.byteOffset;
    };
    const first = places();
    for (let i = 0; i < 20; i++) expect(places()).toEqual(first);
  });

  test('tensors of scopes that live at once do not overlap', () => {
    const device = open();
    const scopes = Array.from({ length: 4 }, () => device.scope());
    const tensors = scopes.flatMap((scope, s) =>
      [5, 90_000, 17].map((size, i) => {
        const x = scope.operations.tensor([size]);
        scope.operations.fill(x, 10 * s + i);
        return { scope, x, value: 10 * s + i };
      }),
    );
    scopes[1].release();
    const late = device.scope();
    late.operations.fill(late.operations.tensor([60_000]), -1);
    for (const { scope, x, value } of tensors) {
      if (scope === scopes[1]) continue;
      expect(sync(scope).sum(x)).toBe(value * x.size);
    }
  });

  test('a refused allocation changes nothing for those that follow', () => {
    const scope = open();
    const before = scope.operations.tensor([1000]);
    scope.operations.fill(before, 2);
    for (const size of [2e9, 40e9, 2 ** 31 - 1, 1e300, -1, 0.5, Number.NaN]) {
      try {
        // what the machine can hold after all is given back
        const huge = scope.scope();
        huge.operations.tensor([size]);
        huge.release();
      } catch (error) {
        expect(error).toBeInstanceOf(CharnnError);
        expect((error as Error).message).toMatch(/memory|cannot be made/);
      }
    }
    const after = scope.operations.tensor([1000]);
    expect(sync(scope).sum(after)).toBe(0);
    scope.operations.fill(after, 3);
    expect(sync(scope).sum(before)).toBe(2000);
    expect(sync(scope).sum(after)).toBe(3000);
  });

  test('a handle opened in its own thread is a scope within', async () => {
    const outer = open().scope();
    const x = outer.operations.tensor([4]);
    outer.operations.fill(x, 5);
    const inner = await openHandle(outer.handle);
    const attached = inner.operations.attach(structuredClone(outer.operations.share(x)));
    expect(sync(inner).sum(attached)).toBe(20);
    outer.release();
    expect(() => inner.scope()).toThrow(/released/);
  });

  test('a shared view is the view in another thread too', async () => {
    const scope = open();
    const x = scope.operations.tensor([10]);
    scope.operations.write(x, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const view = scope.operations.view(x, 3, [2, 2]);
    const inner = await openHandle(scope.handle);
    const attached = inner.operations.attach(scope.operations.share(view));
    expect(attached.shape).toEqual([2, 2]);
    expect([...sync(inner).read(attached)]).toEqual([3, 4, 5, 6]);
  });

  describe('ids of another vocabulary', () => {
    const model = randomModel('abcd\n', 16);
    const foreign = [
      Uint8Array.of(0, 1, 200, 2),
      Uint32Array.of(1, 2, 3, 2 ** 31),
      Uint8Array.of(1, 6),
    ];

    test.each(foreign)('are refused in words: %#', async (...ids) => {
      const text = foreign.find((list) => list.length === ids.length) ?? foreign[0];
      for (const dynamic of [false, true]) {
        await expect(evaluate(model, open(), text, { dynamic })).rejects.toThrow(
          /an id must be below 6, the size of the vocabulary, but one is/,
        );
      }
    });

    test('as inputs, targets, and rows to be looked up and added to', () => {
      const { operations } = open();
      const ids = operations.indices(2);
      operations.writeIndices(ids, [0, 3]);
      const [table, y, losses] = [[3, 8], [2, 8], [2]].map((shape) => operations.tensor(shape));
      const logits = operations.tensor([2, 3]);
      const refusal = /an id must be below 3/;
      expect(() => operations.gather(y, table, ids)).toThrow(refusal);
      expect(() => operations.scatterAdd(table, y, ids)).toThrow(refusal);
      expect(() => operations.softmaxCrossEntropy(losses, logits, ids, 0)).toThrow(refusal);
      operations.writeIndices(ids, [0, -1]);
      expect(() => operations.gather(y, table, ids)).toThrow(refusal);
    });
  });
});

describe('calls of the library hold no memory', () => {
  const model = randomModel('abcdefghij\n', 128);
  const text = Uint8Array.from({ length: 300 }, (_, i) => i % 11);

  test.each(availableDevices)('%s', async (_, open) => {
    const device = open();
    const calls = async () => {
      await sampleText(model, device, { length: 3, seed: 1 });
      await evaluate(model, device, text);
      await evaluate(model, device, text.subarray(0, 40), { dynamic: true });
      await beamSearch(model, device, {
        prompt: [1],
        settings: { ...plain, length: 2 },
        width: 2,
      });
      // where the next tensor would lie
      const probe = device.scope();
      const at = place(probe.operations.tensor([1_000_000]));
      probe.release();
      return at;
    };
    await calls();
    const first = await calls();
    for (let i = 0; i < 3; i++) expect(await calls()).toBe(first);
  });

  test('nor does a device that is opened and closed', async () => {
    const resident = async () => {
      for (let i = 0; i < 40; i++) {
        const device = await openDevice('reference');
        device.operations.fill(device.operations.tensor([1_000_000]), 1);
        device.close();
      }
      return process.memoryUsage.rss();
    };
    const first = await resident();
    // 40 of them would be 160 MB
    expect((await resident()) - first).toBeLessThan(80e6);
  });

  const plain = {
    ...{ length: 4, temperatures: [1], schedule: undefined, greedy: false, banRepeats: undefined },
    ...{ stops: [], allow: undefined, match: undefined, seed: 1 },
  };
});

test('what is done in a scope is given back when it fails', async () => {
  const device = await openDevice('reference');
  const at: number[] = [];
  for (let i = 0; i < 3; i++) {
    const work = withScope(device, (operations) => {
      const { values } = operations.tensor([2e6]) as unknown as { values: Float32Array };
      at.push(values.byteOffset);
      throw new Error('on purpose');
    });
    await expect(work).rejects.toThrow('on purpose');
  }
  expect(new Set(at).size).toBe(1);
  expect(
    () =>
      new DynamicEvaluator(device.operations, {
        config: randomModel('ab', 4).config,
        weights: new Float32Array(3),
      }),
  ).toThrow();
  device.close();
});

test('a device that is not there is refused by name', async () => {
  await expect(openExactDevice('native (mmx)')).rejects.toThrow(
    /^back end native \(mmx\) cannot run here/,
  );
  await expect(openExactDevice('abacus')).rejects.toThrow(/does not have it/);
});
