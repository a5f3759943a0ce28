/** The training configuration as a state file holds it. */
import { backendNames } from '../backend/device.js';
import { integersFrom, limits, ranges } from '../limits.js';
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

const { count, whole, positive, notNegative, properShare, decayShare, share } = ranges;

export function readTrainConfig(fields: Fields): TrainConfig {
  const optimizer = fields.fields('optimizer');
  const schedule = fields.fields('schedule');
  const clip = fields.fields('clip');
  const name = schedule.oneOf('name', scheduleNames);
  return {
    batchSize: fields.integer('batchSize', 1, limits.parameters),
    seqLength: fields.integer('seqLength', 1, limits.parameters),
    dropout: fields.within('dropout', properShare),
    dropoutMask: fields.oneOf('dropoutMask', dropoutMaskNames),
    weightDrop: fields.within('weightDrop', properShare),
    optimizer: {
      name: optimizer.oneOf('name', optimizerNames),
      weightDecay: optimizer.within('weightDecay', notNegative),
      beta1: optimizer.within('beta1', properShare),
      beta2: optimizer.within('beta2', properShare),
      alpha: optimizer.within('alpha', properShare),
      momentum: optimizer.within('momentum', properShare),
      epsilon: optimizer.within('epsilon', positive),
    },
    schedule: {
      name,
      rate: schedule.within('rate', positive),
      warmup: schedule.within('warmup', whole),
      decayShare: schedule.within('decayShare', name === 'wsd' ? decayShare : share),
      finalRate: schedule.within('finalRate', share),
      decay: schedule.within('decay', share),
      every: schedule.within('every', positive),
      patience: schedule.within('patience', whole),
    },
    average: fields.within('average', properShare),
    clip: { name: clip.oneOf('name', clipNames), limit: clip.within('limit', positive) },
    length: readLength(fields.fields('length')),
    earlyStop: fields.within('earlyStop', whole),
    divergence: readDivergence(fields),
    evalEvery:
      fields.get('evalEvery') === undefined ? undefined : fields.within('evalEvery', count),
    ...(fields.get('documents') !== undefined && { documents: fields.boolean('documents') }),
    ...(fields.get('targetLoss') !== undefined && {
      targetLoss: fields.within('targetLoss', positive),
    }),
    ...(fields.get('keep') !== undefined && {
      keep: fields.within('keep', integersFrom(0, 10_000)),
    }),
    seed: fields.within('seed', whole),
    threads: fields.within('threads', integersFrom(1, limits.threads)),
    backend: fields.oneOf('backend', backendNames),
  };
}

/** Missing in files of version 1. */
function readDivergence(fields: Fields): DivergenceConfig {
  if (fields.get('divergence') === undefined) return { action: 'stop', rollbacks: 0 };
  const divergence = fields.fields('divergence');
  return {
    action: divergence.oneOf('action', divergenceActions),
    rollbacks: divergence.within('rollbacks', whole),
  };
}

function readLength(fields: Fields): TrainLength {
  const kind = fields.oneOf('kind', ['steps', 'epochs', 'seconds']);
  switch (kind) {
    case 'steps':
      return { kind, steps: fields.within('steps', count) };
    case 'epochs':
      return { kind, epochs: fields.within('epochs', positive) };
    case 'seconds':
      return { kind, seconds: fields.within('seconds', positive) };
  }
}
