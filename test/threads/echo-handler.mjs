/** What the workers of the tests of pools do; plain JavaScript, for threads run it as it is. */
import { CharnnError } from '../../dist/errors.js';

export function createEchoHandler(data, reply) {
  if (data?.failAtStart) throw new CharnnError('cannot be set up');
  return async (message) => {
    if ('taken' in message) return;
    const { index, job } = message;
    if (job === 'fail') throw new CharnnError('cannot do this');
    if (job === 'defect') throw new TypeError('a defect');
    if (job === 'exit') process.exit(7);
    if (job === 'forget') {
      const list = [];
      for (;;) list.push(new Array(1e5).fill(list.length));
    }
    // later jobs are done sooner
    await new Promise((resolve) => setTimeout(resolve, job.ms ?? 0));
    const parts = job.parts ?? 1;
    for (let part = 0; part < parts; part++) {
      reply([{ index, value: `${job.name}.${part}`, done: part + 1 === parts }]);
    }
  };
}
