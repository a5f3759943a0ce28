/** What a process does that trains together with others but is not the first one: it follows the first one's orders. */
import { hostname } from 'node:os';
import type { Device } from '../../backend/device.js';
import { openDevice } from '../../backend/open-device.js';
import type { Link } from '../../cluster/link.js';
import { mpiOfAddon } from '../../cluster/mpi.js';
import { onSharedMemory } from '../../cluster/portable.js';
import { CharnnError } from '../../errors.js';
import { idsLike } from '../../text/ids.js';
import type { Ids } from '../../text/unit.js';
import { countShare } from '../shares/count-shares.js';
import { requireTraining } from '../training-bytes.js';
import type { FromOthers, Invitation, ToOthers } from './others.js';
import { Replicas, type TrainingTexts } from './replica-group.js';

/**
 * Takes part in a training run until the first process ends it. It reads no text, writes no file and prints nothing.
 * @returns whether the training ended well
 * @throws CharnnError when this process fails, or the first one is lost
 */
export async function follow(link: Link): Promise<boolean> {
  const { rank, size } = link;
  const tell = (letter: FromOthers) => link.send(0, letter);
  let device: Device | undefined;
  let replicas: Replicas | undefined;
  /** The part of the training text that this process reads */
  let train: Ids | undefined;
  link.onLetter = ({ content }) => {
    const letter = content as ToOthers;
    // after a failure, the exchange of data with other processes cannot be completed, so nothing may wait for it
    if (letter.type === 'end' && letter.isFailure) mpiOfAddon().breakOff();
    if (letter.type !== 'stop') return false;
    replicas?.control.requestStop();
    return true;
  };
  try {
    for (;;) {
      const letter = (await link.receive()).content as ToOthers;
      if (letter.type === 'end') return !letter.isFailure;
      if (letter.type === 'ids') {
        train ??= idsLike(letter.ids, letter.length);
        // all processes get as many messages as the longest list needs, so the last ones may be empty here
        if (letter.ids.length > 0) train.set(letter.ids, letter.at);
        tell({ type: 'taken' });
      } else if (letter.type === 'count') {
        if (train === undefined) throw new Error('there is no text to count');
        await countShare({ ...letter.share, ids: train, processes: { rank, size } });
        tell({ type: 'counted' });
      } else if (letter.type === 'plan') {
        device = await sameDevice(letter);
        const texts = { ...onSharedMemory(letter.texts), ...(train && { train }) };
        replicas = await replicasOf(letter, texts, device, link);
        tell({ type: 'ready' });
      } else if (letter.type === 'order' && replicas) {
        tell({ type: 'replies', replies: await replicas.orderHere(letter.order) });
      }
    }
  } catch (error) {
    const message = error instanceof CharnnError ? error.unspelt : String(error);
    tell({ type: 'failed', message, host: hostname() });
    throw error;
  } finally {
    await replicas?.close();
    device?.close();
  }
}

function replicasOf(
  { model, config }: Invitation,
  texts: TrainingTexts,
  device: Device,
  { rank, size }: Link,
): Promise<Replicas> {
  requireTraining(model, config, size);
  const processes = { rank, size };
  return Replicas.start(device, model, config, texts, { processes });
}

async function sameDevice({ config, kind, precision }: Invitation): Promise<Device> {
  const device = await openDevice(config.backend, precision);
  if (device.kind === kind) return device;
  device.close();
  throw new CharnnError(
    `the back end here would be ${device.name}, but in process 0 it is ${kind}: give --backend ${kind === 'native' ? 'wasm' : kind}, which all processes have`,
  );
}
