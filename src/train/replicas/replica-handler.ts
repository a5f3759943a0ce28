/** The work of one replica in its worker thread: it receives orders and answers each with one reply. */
import { openHandle } from '../../backend/open-device.js';
import type { Handler } from '../../threads/handler.js';
import { OperationTimes } from './operation-times.js';
import { Replica } from './replica.js';
import type { Order, ReplicaPlan, Reply } from './replica-plan.js';
import { SharedControl } from './shared-control.js';

export async function createReplicaHandler(
  plan: ReplicaPlan,
  reply: (reply: Reply) => void,
): Promise<Handler<Order>> {
  const { operations } = await openHandle(plan.device);
  const control = new SharedControl(plan.replicas, plan.control);
  const { times, replicas, index } = plan;
  const noted = times && new OperationTimes(replicas, times);
  if (noted) {
    const { barrier } = control;
    barrier.wait = noted.noting('waiting', index, barrier.wait.bind(barrier));
  }
  const replica = new Replica(noted?.timed(operations, index) ?? operations, plan, control);
  return async (order) => {
    if (order.type === 'validate') {
      reply({ type: 'validated', ...(await replica.validate()) });
    } else if (order.type === 'fit') {
      await replica.fit();
      reply({ type: 'fitted' });
    } else {
      reply({ type: 'ran', result: await replica.run(order.firstStep, order.learningRates) });
    }
  };
}
