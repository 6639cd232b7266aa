import { assemblePrompt } from '#src/rag/prompt.ts';
import type { PromptMessage } from '#src/ports/language-model.ts';
import type { Source } from '#src/ports/answer.ts';

/** What the emulated models answer `EXAMPLE_PROMPT` with. */
export const EXAMPLE_ANSWER = 'The gate closes at nine in the evening on weekdays [1].';

/** The service's own prompt with one piece of evidence. */
export function examplePrompt(question = 'When does the gate close?'): { readonly system: string; readonly user: string } {
  const source = { title: 'Gate', text: '# Gate\n\nThe gate opens at six. The gate closes at nine in the evening\non weekdays.' } as Source;
  const [system, user] = assemblePrompt({ question, sources: [source], language: 'en' }) as [PromptMessage, PromptMessage];
  return { system: system.text, user: user.text };
}
