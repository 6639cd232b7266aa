import type { WebSocketConstructor } from '#src/client/api.ts';

type Listeners = Readonly<Record<string, ((event: { readonly code: number; readonly reason: string; readonly data: unknown }) => void)[]>>;

const OPEN = 1;
const CLOSED = 3;
const ABNORMAL_CLOSURE = 1006;

/** A service without a network: for what happens over minutes, in a test of simulated time. */
export interface SimulatedService {
  readonly WebSocket: WebSocketConstructor;
  /** When each connection was tried, in milliseconds. */
  readonly triesMs: readonly number[];
  /** Where it does not serve, a connection gets these frames and is closed; without any it is refused. */
  isServing: boolean;
  refusal: object | undefined;
  /** Cuts what is open. */
  cut(): void;
}

export function simulateService(): SimulatedService {
  const open = new Set<() => void>();
  const service = {
    triesMs: [] as number[],
    isServing: false,
    refusal: undefined as object | undefined,
    cut: () => open.forEach((end) => end()),
    WebSocket: class {
      readonly #listeners: Listeners = { message: [], close: [], error: [] };
      readyState = 0;

      constructor() {
        service.triesMs.push(performance.now());
        queueMicrotask(() => this.#answer());
      }

      addEventListener(type: string, listener: Listeners[string][number]): void {
        this.#listeners[type]?.push(listener);
      }

      send(json: string): void {
        if (json === '{"type":"ping"}') queueMicrotask(() => this.#say({ type: 'pong' }));
      }

      close(): void {
        this.#end(1000);
      }

      #answer(): void {
        if (this.readyState === CLOSED) return;
        if (service.isServing) {
          this.readyState = OPEN;
          open.add(this.#cut);
          this.#say({ type: 'ready', session: 's1', last_seq: 0, resumed: true });
        } else {
          if (service.refusal !== undefined) this.#say(service.refusal);
          this.#end(ABNORMAL_CLOSURE);
        }
      }

      readonly #cut = (): void => this.#end(ABNORMAL_CLOSURE);

      #say(frame: object): void {
        this.#tell('message', { code: 0, reason: '', data: JSON.stringify(frame) });
      }

      #end(code: number): void {
        if (this.readyState === CLOSED) return;
        this.readyState = CLOSED;
        open.delete(this.#cut);
        this.#tell('close', { code, reason: '', data: undefined });
      }

      #tell(type: string, event: Parameters<Listeners[string][number]>[0]): void {
        for (const listener of this.#listeners[type] ?? []) listener(event);
      }
    } as unknown as WebSocketConstructor,
  };
  return service;
}
