import type { ModelConfig } from '#charnn/model/model-config.js';

export interface Network {
  readonly bandwidth: number;
  readonly latency: number;
  readonly secondsPerByte: number;
}

export function trafficOf(
  model: ModelConfig,
  optimizer: 'muon' | 'adamw',
  n: number,
): readonly number[];
export function updateShare(model: ModelConfig, optimizer: 'muon' | 'adamw', n: number): number;
export function exchangeSeconds(traffic: readonly number[], network: Network): number;
export function stepSeconds(
  cost: { readonly seconds: number; readonly updating: number },
  share: number,
  traffic: readonly number[],
  network: Network,
): number;
