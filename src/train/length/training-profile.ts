/** Where the time of a training goes, as shares of the time of all its threads. */
import type { ProductCounts } from '../../backend/product-meter.js';
import type { OperationTimes } from '../replicas/operation-times.js';

export interface TrainingProfile {
  /** Shares of the threads' time; they add up to 1. */
  readonly shares: {
    readonly products: number;
    /** What a cell does between its products; with its products, where `products` cannot know of them */
    readonly gates: number;
    readonly optimizer: number;
    /** Waiting of one thread for another */
    readonly waiting: number;
    readonly other: number;
  };
  /** Whether the products within the operations of cells count as products, or as gates */
  readonly isSplit: boolean;
  /** Floating-point operations a second of a thread during its products, packing included */
  readonly productRate: number | undefined;
  /** The same in a loop on registers, the limit of the processor in this precision */
  readonly peakRate: number | undefined;
}

/**
 * @param threadSeconds the time of all threads together
 * @param counted what the device knows of its products in that time
 * @param peak multiply-adds a second of a loop on registers
 */
export function profileOf(
  times: OperationTimes,
  threadSeconds: number,
  counted: ProductCounts | undefined,
  peak: number | undefined,
): TrainingProfile {
  const [apart, cells] = [times.seconds('products'), times.seconds('cells')];
  const [optimizer, waiting] = [times.seconds('optimizer'), times.seconds('waiting')];
  const productSeconds = counted?.seconds;
  // the clock of products runs in the products of cells and in those apart from them alike
  const products = productSeconds ?? apart;
  const gates = Math.max(0, apart + cells - products);
  const other = threadSeconds - products - gates - optimizer - waiting;
  const share = (seconds: number) => seconds / threadSeconds;
  return {
    shares: {
      products: share(products),
      gates: share(gates),
      optimizer: share(optimizer),
      waiting: share(waiting),
      other: share(other),
    },
    isSplit: productSeconds !== undefined,
    productRate: productSeconds && (2 * (counted?.multiplyAdds ?? 0)) / productSeconds,
    peakRate: peak && 2 * peak,
  };
}
