import { SHUTDOWN } from '../exit-reason.ts';
import type { AnyEvent, StartContext, StartFunction } from '../process.ts';

/** Something that was opened and must be closed: a listening server, a link, a file. */
export interface OpenServer {
  /** Stops taking work, lets what runs come to its end, frees everything. */
  close(): Promise<void>;
  /** Frees everything now. */
  destroy(): void | Promise<void>;
  send?(event: AnyEvent): void;
  state?(): string;
  readonly table?: unknown;
}

/** Start function of a child that is a server: it is up when `open` has resolved. */
export function server(open: (context: StartContext) => Promise<OpenServer> | OpenServer): StartFunction {
  return async (context) => {
    const opened = await open(context);
    return {
      send: (event) => opened.send?.(event),
      shutdown: () => {
        opened.close().then(
          () => context.exit(SHUTDOWN),
          (error: unknown) => context.fail(error),
        );
      },
      kill: () => opened.destroy(),
      state: () => opened.state?.(),
      table: opened.table,
    };
  };
}
