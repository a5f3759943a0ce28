/** The worker thread of one replica: takes orders, answers each with one reply. */
import { parentPort, workerData } from 'node:worker_threads';
import { Arena } from '../backend/arena.js';
import { createBackend } from '../backend/select.js';
import { CharnnError } from '../errors.js';
import { BrokenBarrier, Control } from './control.js';
import type { Order, ReplicaPlan, Reply } from './plan.js';
import { Replica } from './replica.js';

function serve(plan: ReplicaPlan, port: NonNullable<typeof parentPort>): void {
  const control = new Control(plan.replicas, plan.control);
  const reply = (message: Reply) => port.postMessage(message);
  const guarded = (work: () => Reply) => {
    try {
      reply(work());
    } catch (error) {
      if (error instanceof BrokenBarrier) return;
      control.breakBarrier();
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      reply({ type: 'failed', message, stack, known: error instanceof CharnnError });
    }
  };
  guarded(() => {
    const { backend, note } = createBackend(plan.backend, new Arena(plan.memory));
    const replica = new Replica(backend, plan, control);
    port.on('message', (order: Order) => {
      switch (order.type) {
        case 'run':
          guarded(() => ({
            type: 'ran',
            result: replica.run(order.firstStep, order.learningRates),
          }));
          break;
        case 'validate':
          guarded(() => ({ type: 'validated', nats: replica.validate() }));
          break;
        case 'exit':
          port.close();
      }
    });
    return { type: 'ready', backend: backend.name, note };
  });
}

if (parentPort !== null) serve(workerData as ReplicaPlan, parentPort);
