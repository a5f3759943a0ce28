/** Devices that compute on the processor, in the calling thread. */
import { randomUUID } from 'node:crypto';
import type { Backend } from './backend.js';
import type { Device, DeviceHandle, DeviceKind, Precision, Scope } from './device.js';
import type { ProductMeter } from './product-meter.js';
import { type MemorySource, ScopeMemory } from './scope-memory.js';

/** What differs between the kinds of devices that compute on the processor: their back ends and their memory. */
export interface Engine {
  readonly kind: DeviceKind;
  readonly name: string;
  readonly precision: Precision;
  /** Whether the processor has no instructions for this precision, so that it is slower than f32 */
  readonly emulates?: boolean;
  /** Provides the memory of the scope that lives as long as the device, in which all other scopes are opened */
  readonly source: MemorySource;
  operations(memory: ScopeMemory): Backend;
  /** Describes the memory of a scope to another thread */
  handle(source: MemorySource): unknown;
  /** Measures the matrix products that the device's kernels compute */
  readonly meter?: ProductMeter;
  /** Frees the memory that belongs to no scope, such as the kernels' scratch memory. */
  end(): void;
}

/** The scopes of this thread by their handles; opening the handle of one of them creates a scope within it. */
const scopes = new Map<string, CpuScope>();

export function scopeOf(handle: DeviceHandle): Scope | undefined {
  return scopes.get(handle.scope)?.scope();
}

class CpuScope implements Scope {
  readonly operations: Backend;
  private readonly memory: ScopeMemory;
  private readonly within = new Set<CpuScope>();
  private readonly id = randomUUID();
  private handed = false;
  protected released = false;

  constructor(
    protected readonly engine: Engine,
    source: MemorySource,
    private readonly parent: CpuScope | undefined,
  ) {
    this.memory = new ScopeMemory(source);
    this.operations = engine.operations(this.memory);
    parent?.within.add(this);
  }

  get handle(): DeviceHandle {
    this.handed = true;
    scopes.set(this.id, this);
    const { kind, name } = this.engine;
    return { kind, name, scope: this.id, memory: this.engine.handle(this.memory.source) };
  }

  scope(): Scope {
    if (this.released) throw new Error('this scope has been released');
    return new CpuScope(this.engine, this.memory.source.child(), this);
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    for (const scope of this.within) scope.release();
    this.parent?.within.delete(this);
    if (this.handed) scopes.delete(this.id);
    this.end();
  }

  protected end(): void {
    this.memory.release();
  }
}

export class CpuDevice extends CpuScope implements Device {
  readonly kind: DeviceKind;
  readonly name: string;
  readonly meter: ProductMeter | undefined;
  readonly precision: Precision;

  constructor(
    engine: Engine,
    readonly note: string | undefined,
  ) {
    super(engine, engine.source, undefined);
    this.kind = engine.kind;
    this.name = engine.name;
    this.meter = engine.meter;
    this.precision = engine.precision;
  }

  close(): void {
    this.release();
  }

  protected override end(): void {
    this.engine.end();
    super.end();
  }
}
