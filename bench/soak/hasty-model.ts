import { setImmediate as nextLoopTurn } from 'node:timers/promises';
import type { GenerationPart, LanguageModel } from '#src/ports/language-model.ts';

/** Tokens come from a network in bunches. */
const DELTAS_AT_ONCE = 10;

/** A model that says `deltas` words as fast as they are taken. */
export function createHastyModel(deltas: number): LanguageModel {
  return { id: 'bench:hasty', account: 'bench:hasty', stream: () => stream(deltas) };
}

async function* stream(deltas: number): AsyncGenerator<GenerationPart> {
  for (let index = 0; index < deltas; index += 1) {
    if (index % DELTAS_AT_ONCE === 0) await nextLoopTurn();
    yield { type: 'text', text: `word number ${index} of an answer that goes on and on ` };
  }
  yield { type: 'end', finish: 'stop', usage: { input_tokens: 0, output_tokens: deltas, total_tokens: deltas } };
}
