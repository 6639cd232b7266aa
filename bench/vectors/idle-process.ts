import type { LoopFigures, LoopWatch } from './loop-watch.ts';
import { watchLoop } from './loop-watch.ts';

/** A process with nothing to do: how late its loop comes is the machine's part of what others see. Answers each message. */
export type IdleMessage = { readonly type: 'watch' } | { readonly type: 'end' };

let watch: LoopWatch | undefined;

process.on('message', ({ type }: IdleMessage) => {
  const figures: LoopFigures | undefined = watch?.end();
  watch = type === 'watch' ? watchLoop() : undefined;
  process.send?.(figures ?? {});
});
