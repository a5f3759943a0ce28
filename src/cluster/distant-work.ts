/** The work of a process that does a part of the work of the first one, and is not the first one itself */
import { hostname } from 'node:os';
import type { Device } from '../backend/device.js';
import { openDevice } from '../backend/open-device.js';
import { CharnnError } from '../errors.js';
import type { ChunkReply, JobMessage } from '../threads/map-ordered.js';
import { WorkerPool } from '../threads/worker-pool.js';
import type { FromWorkers, ToWorkers, WorkKind } from './distant-workers.js';
import type { Link } from './link.js';
import { withTensors } from './portable.js';

/**
 * Starts the workers that the first process asks for, and passes messages between it and them, until it ends the job.
 * @param modules the entry modules of the workers
 * @param usual the number of threads if none is given
 * @returns whether the job ended well
 * @throws CharnnError when this process fails, or the first one is lost
 */
export async function doWork(
  link: Link,
  modules: Readonly<Record<WorkKind, URL>>,
  usual: number,
): Promise<boolean> {
  let device: Device | undefined;
  let pool: WorkerPool<object, JobMessage<unknown>, ChunkReply<unknown>> | undefined;
  const tell = (letter: FromWorkers) => link.send(0, letter);
  const fail = (error: unknown) => {
    const message = error instanceof CharnnError ? error.unspelt : String(error);
    tell({ type: 'failed', message, host: hostname() });
  };
  try {
    for (;;) {
      const letter = (await link.receive()).content as ToWorkers;
      if (letter.type === 'end') return !letter.isFailure;
      if (letter.type === 'job') {
        pool?.post(letter.worker, letter.message);
        continue;
      }
      const { backend, precision, threads = usual } = letter;
      // a command may have one kind of work after the other
      await pool?.close();
      device?.close();
      device = await openDevice(backend, precision);
      const data = {
        ...(withTensors(letter.data, device.operations) as object),
        device: device.handle,
      };
      pool = await WorkerPool.start<object, JobMessage<unknown>, ChunkReply<unknown>>({
        workers: threads,
        module: modules[letter.kind],
        data: () => data,
        onFewer: () => {},
        onReply: (worker, chunks) => tell({ type: 'reply', worker, chunks }),
        onFailure: fail,
      });
      tell({ type: 'ready', workers: pool.size });
    }
  } catch (error) {
    fail(error);
    throw error;
  } finally {
    await pool?.close();
    device?.close();
  }
}
