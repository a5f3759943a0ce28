import type { CreateHandler } from '#charnn/threads/handler.js';
import type { ChunkReply, JobMessage } from '#charnn/threads/map-ordered.js';

export interface EchoData {
  readonly failAtStart?: boolean;
}
export type EchoJob =
  | 'fail'
  | 'defect'
  | 'exit'
  | 'forget'
  | { readonly name: string; readonly ms?: number; readonly parts?: number };
export const createEchoHandler: CreateHandler<EchoData, JobMessage<EchoJob>, ChunkReply<string>>;
