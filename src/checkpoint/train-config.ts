/** The training configuration as a state file holds it. */
import { backendNames } from '../backend/device.js';
import {
  clipNames,
  type DivergenceConfig,
  divergenceActions,
  dropoutMaskNames,
  optimizerNames,
  scheduleNames,
  type TrainConfig,
  type TrainLength,
} from '../train/config.js';
import type { Fields } from './fields.js';
import { limits } from './json.js';

const most = Number.MAX_SAFE_INTEGER;

export function readTrainConfig(fields: Fields): TrainConfig {
  const optimizer = fields.fields('optimizer');
  const schedule = fields.fields('schedule');
  const clip = fields.fields('clip');
  return {
    batchSize: fields.integer('batchSize', 1, limits.parameters),
    seqLength: fields.integer('seqLength', 1, limits.parameters),
    dropout: fields.number('dropout'),
    dropoutMask: fields.oneOf('dropoutMask', dropoutMaskNames),
    weightDrop: fields.number('weightDrop'),
    optimizer: {
      name: optimizer.oneOf('name', optimizerNames),
      weightDecay: optimizer.number('weightDecay'),
      beta1: optimizer.number('beta1'),
      beta2: optimizer.number('beta2'),
      alpha: optimizer.number('alpha'),
      momentum: optimizer.number('momentum'),
      epsilon: optimizer.number('epsilon'),
    },
    schedule: {
      name: schedule.oneOf('name', scheduleNames),
      rate: schedule.number('rate'),
      warmup: schedule.number('warmup'),
      decayShare: schedule.number('decayShare'),
      finalRate: schedule.number('finalRate'),
      decay: schedule.number('decay'),
      every: schedule.number('every'),
      patience: schedule.integer('patience', 0, most),
    },
    average: fields.number('average'),
    clip: { name: clip.oneOf('name', clipNames), limit: clip.number('limit') },
    length: readLength(fields.fields('length')),
    earlyStop: fields.integer('earlyStop', 0, most),
    divergence: readDivergence(fields),
    evalEvery:
      fields.get('evalEvery') === undefined ? undefined : fields.integer('evalEvery', 1, most),
    seed: fields.integer('seed', 0, most),
    threads: fields.integer('threads', 1, 4096),
    backend: fields.oneOf('backend', backendNames),
  };
}

/** Missing in files of version 1. */
function readDivergence(fields: Fields): DivergenceConfig {
  if (fields.get('divergence') === undefined) return { action: 'stop', rollbacks: 0 };
  const divergence = fields.fields('divergence');
  return {
    action: divergence.oneOf('action', divergenceActions),
    rollbacks: divergence.integer('rollbacks', 0, most),
  };
}

function readLength(fields: Fields): TrainLength {
  const kind = fields.oneOf('kind', ['steps', 'epochs', 'seconds']);
  switch (kind) {
    case 'steps':
      return { kind, steps: fields.integer('steps', 1, most) };
    case 'epochs':
      return { kind, epochs: fields.number('epochs') };
    case 'seconds':
      return { kind, seconds: fields.number('seconds') };
  }
}
