/** The claims of the lecture, in the order in which the page shows them. */
import { attention } from './attention-claim.js';
import {
  clippingByValue,
  clippingKeepsDirection,
  clippingSavesTraining,
  rootOrSquares,
  vanishingAndExploding,
} from './explosion-claims.js';
import { fourGates } from './gate-claim.js';
import { lagTask } from './lag-task.js';
import { severalLayers } from './layer-claim.js';
import type { Claim } from './lecture-network.js';
import { lstmReachesFurther, openForgetGate, otherCells } from './long-memory-claims.js';
import {
  edgeOfTheChunk,
  gradientOfChunks,
  memoryOfLength,
  oneSetOfWeights,
} from './truncation-claims.js';

export const claims: readonly Claim[] = [
  oneSetOfWeights,
  memoryOfLength,
  gradientOfChunks,
  edgeOfTheChunk,
  vanishingAndExploding,
  clippingKeepsDirection,
  clippingByValue,
  rootOrSquares,
  clippingSavesTraining,
  lstmReachesFurther,
  openForgetGate,
  fourGates,
  severalLayers,
  lagTask,
  otherCells,
  attention,
];
