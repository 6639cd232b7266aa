import answerTemplate from '#config/prompts/answer.json' with { type: 'json' };
import type { Source } from '#src/ports/answer.ts';
import type { PromptMessage } from '#src/ports/language-model.ts';

/** A prompt as data. `{name}` stands for what `assemblePrompt` puts there; an unknown name is a mistake. */
export interface PromptTemplate {
  readonly version: number;
  /** May hold `{language}` and `{refusal}`. */
  readonly system: string;
  /** May hold `{question}`, `{context}` and `{language}`. */
  readonly user: string;
  /** One piece of evidence: may hold `{number}`, `{title}` and `{text}`. */
  readonly source: string;
  /** Between two pieces of evidence. */
  readonly separator: string;
  /** What a model says when the evidence does not answer. */
  readonly refusal: string;
}

export const ANSWER_PROMPT: PromptTemplate = answerTemplate;

export interface PromptRequest {
  readonly question: string;
  /** Best first; the number of a source in the prompt is its place, from 1. */
  readonly sources: readonly Source[];
  readonly language: string;
}

/** What could be read as the beginning or end of a piece of evidence. */
const DELIMITER = /<(?=\s*(?:\/\s*)?source\b)/gi;

/**
 * Writes the prompt for a question and its evidence. Whatever the question or a document says, it cannot close the
 * piece of evidence that it stands in, nor open another. Throws TypeError for a placeholder that the template may not hold.
 */
export function assemblePrompt(request: PromptRequest, template: PromptTemplate = ANSWER_PROMPT): PromptMessage[] {
  const { sources, language } = request;
  const blocks = sources.map((source, index) => fillSource(template, source, index + 1));
  const question = escapeDelimiters(request.question);
  return [
    { role: 'system', text: fill(template.system, { language, refusal: template.refusal }) },
    { role: 'user', text: fill(template.user, { question, context: blocks.join(template.separator), language }) },
  ];
}

function fillSource(template: PromptTemplate, source: Source, number: number): string {
  const title = escapeDelimiters(source.title).replaceAll('"', '&quot;').replace(/\s+/g, ' ').trim();
  return fill(template.source, { number: String(number), title, text: escapeDelimiters(source.text) });
}

function escapeDelimiters(text: string): string {
  return text.replace(DELIMITER, '&lt;');
}

/** Puts all values in at once, so that a value that holds `{name}` stays as it is. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new TypeError(`expected one of ${Object.keys(values).join(', ')} in the prompt, got: {${name}}`);
    return value;
  });
}
