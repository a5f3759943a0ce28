/** The worker thread of one replica: takes orders, answers each with one reply. */
import { parentPort, workerData } from 'node:worker_threads';
import { openHandle } from '../backend/open-device.js';
import { CharnnError } from '../errors.js';
import { BrokenBarrier, Control } from './control.js';
import type { Order, ReplicaPlan, Reply } from './plan.js';
import { Replica } from './replica.js';

function serve(plan: ReplicaPlan, port: NonNullable<typeof parentPort>): void {
  const control = new Control(plan.replicas, plan.control);
  const reply = (message: Reply) => port.postMessage(message);
  const guarded = async (work: () => Promise<Reply>) => {
    try {
      reply(await work());
    } catch (error) {
      if (error instanceof BrokenBarrier) return;
      control.breakBarrier();
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      reply({ type: 'failed', message, stack, known: error instanceof CharnnError });
    }
  };
  guarded(async () => {
    const { operations } = await openHandle(plan.device);
    const replica = new Replica(operations, plan, control);
    port.on('message', (order: Order) => {
      switch (order.type) {
        case 'run':
          guarded(async () => ({
            type: 'ran',
            result: await replica.run(order.firstStep, order.learningRates),
          }));
          break;
        case 'validate':
          guarded(async () => ({ type: 'validated', nats: await replica.validate() }));
          break;
        case 'exit':
          port.close();
      }
    });
    return { type: 'ready' };
  });
}

if (parentPort !== null) serve(workerData as ReplicaPlan, parentPort);
