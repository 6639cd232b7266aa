import continueTemplate from '#config/prompts/continue.json' with { type: 'json' };
import type { PromptMessage } from '#src/ports/language-model.ts';

export interface ContinuationTemplate {
  readonly version: number;
  /** Asks to go on; holds `{text}`. */
  readonly user: string;
  /** Stands between what was written before all models were gone and the quotes. */
  readonly notice: string;
  /** The same where the documents have nothing to quote. */
  readonly noticeWithoutQuotes: string;
}

export const CONTINUATION: ContinuationTemplate = continueTemplate;

/** What could be read as the beginning or end of the answer so far, or of a piece of evidence. */
const DELIMITER = /<(?=\s*(?:\/\s*)?(?:answer-so-far|source)\b)/gi;

/**
 * Makes a prompt whose answer goes on where `textSoFar` stops. White space at the end of the text is not shown: models
 * that take a prefill refuse it, and the others begin with none or with the same, which `OverlapTrimmer` takes out.
 *
 * @param textSoFar as the model wrote it, handles of sources included
 * @param canPrefill whether the model goes on from a last message of the assistant; others are asked to in a user turn
 */
export function continuationPrompt(prompt: readonly PromptMessage[], textSoFar: string, canPrefill: boolean): PromptMessage[] {
  const text = textSoFar.trimEnd();
  if (canPrefill) return [...prompt, { role: 'assistant', text }];
  const escaped = text.replace(DELIMITER, '&lt;');
  return addToLastTurn(prompt, CONTINUATION.user.replace('{text}', () => escaped));
}

/** Two user turns in a row are refused by some models, so what is asked joins the last one. */
function addToLastTurn(prompt: readonly PromptMessage[], text: string): PromptMessage[] {
  const last = prompt.at(-1);
  if (last?.role !== 'user') return [...prompt, { role: 'user', text }];
  return [...prompt.slice(0, -1), { role: 'user', text: `${last.text}\n\n${text}` }];
}

export { OverlapTrimmer } from './overlap.ts';
