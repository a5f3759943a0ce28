/** Back ends that live side by side in one thread, as two models in one program do. */
import { expect, test } from 'vitest';
import { availableBackends } from '../backends.js';

const makers = availableBackends.flatMap(([first, makeFirst]) =>
  availableBackends.map(
    ([second, makeSecond]) => [`${first} beside ${second}`, makeFirst, makeSecond] as const,
  ),
);

test.each(makers)('%s: each computes in its own memory', (_, makeFirst, makeSecond) => {
  const first = makeFirst();
  const second = makeSecond();
  const tensors = [first, second].map((backend, i) => {
    const x = backend.tensor([4]);
    const y = backend.tensor([4]);
    backend.write(
      x,
      [1, 2, 3, 4].map((v) => v * 10 ** i),
    );
    return { backend, x, y };
  });
  for (const { backend, x, y } of tensors) backend.add(y, x);
  expect([...first.read(tensors[0].y)]).toEqual([1, 2, 3, 4]);
  expect([...second.read(tensors[1].y)]).toEqual([10, 20, 30, 40]);
  expect(first.sum(tensors[0].x)).toBe(10);
});
