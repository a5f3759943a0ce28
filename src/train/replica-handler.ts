/** What one replica does in its worker thread: it takes orders and answers each with one reply. */
import { Arena } from '../backend/arena.js';
import { createBackend } from '../backend/select.js';
import type { Handler } from '../threads/handler.js';
import type { Order, ReplicaPlan, Reply } from './plan.js';
import { Replica } from './replica.js';
import { SharedControl } from './shared-control.js';

export function createReplicaHandler(
  plan: ReplicaPlan,
  reply: (reply: Reply) => void,
): Handler<Order> {
  const { backend } = createBackend(plan.backend, new Arena(plan.memory));
  const replica = new Replica(backend, plan, new SharedControl(plan.replicas, plan.control));
  return (order) => {
    if (order.type === 'validate') {
      reply({ type: 'validated', nats: replica.validate() });
    } else {
      reply({ type: 'ran', result: replica.run(order.firstStep, order.learningRates) });
    }
  };
}
