/** Where the time of a training run goes, as fractions of the time of all its threads. */
import type { ProductCounts } from '../../backend/product-meter.js';
import type { OperationTimes } from '../replicas/operation-times.js';

export interface TrainingProfile {
  /** The share of each kind of work in the time of all threads; these fractions add up to 1. */
  readonly shares: {
    readonly products: number;
    /** The cells' work outside their matrix products; if `isSplit` is false, the products within cells are included */
    readonly gates: number;
    readonly optimizer: number;
    /** Time in which a thread waits for another */
    readonly waiting: number;
    readonly other: number;
  };
  /** Whether the matrix products within cells are counted in `products`; otherwise they are in `gates` */
  readonly isSplit: boolean;
  /** Floating-point operations per second of a thread during matrix products, including packing */
  readonly productRate: number | undefined;
  /**
   * Floating-point operations per second of a thread in a loop that uses registers only, which is the processor's peak
   */
  readonly peakRate: number | undefined;
}

/**
 * @param threadSeconds total time of all threads
 * @param counted what the device has recorded about matrix products in that time
 * @param peak multiply-adds per second of a loop that uses registers only
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
  // the device's clock covers matrix products within cells as well as those outside them
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
