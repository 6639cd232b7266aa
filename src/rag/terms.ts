import { analyse } from './analyse.ts';
import { rulesFor } from './languages.ts';
import { findStatements } from './statements.ts';

/** Begins the term that marks a definition. No word of a language begins so. */
const DEFINITION_MARK = 'isa0';
/** A longer subject is a description, not a name. */
const MAX_SUBJECT_TERMS = 3;
const MAX_QUESTION_PREFIX = 200;

/** What of a chunk is indexed. */
export interface IndexedText {
  readonly title: string;
  readonly headings: readonly string[];
  readonly text: string;
}

/**
 * The terms under which a chunk is found: those of its title, headings and text, and one for each thing that a sentence
 * of it defines ("Elixir is a …"), so that "What is Elixir?" finds the definition among a thousand chunks with the word.
 */
export function chunkTerms({ title, headings, text }: IndexedText, language: string): string[] {
  const above = headings[0] === title ? headings : [title, ...headings];
  const terms = analyse([...above, text].join('\n'), language);
  for (const statement of findStatements(text)) {
    const defined = statement.kind === 'code' ? undefined : definedTerm(statement.plain, language);
    if (defined !== undefined) terms.push(defined);
  }
  return terms;
}

/**
 * The terms that a question is searched by, in their order and as often as they occur, without the words that only
 * shape a question, unless it has no others. Empty when nothing in it can be searched.
 */
export function questionTerms(question: string, language: string): string[] {
  const { questionWords } = rulesFor(language);
  const topic = question.replace(/[\p{L}\p{M}]+/gu, (word) => (questionWords.has(word.toLowerCase()) ? ' ' : word));
  const terms = analyse(topic, language);
  if (terms.length === 0) return analyse(question, language);
  const asked = askedTerm(question, language);
  return asked === undefined ? terms : [...terms, asked];
}

/** Whether `term` marks a definition and is no word. */
export function isDefinitionTerm(term: string): boolean {
  return term.startsWith(DEFINITION_MARK);
}

/** The mark of what a sentence defines, if it does; `plain` is the sentence without markup. */
export function definedTerm(plain: string, language: string): string | undefined {
  return definitionTerm(rulesFor(language).definition?.exec(plain)?.[1], language);
}

function askedTerm(question: string, language: string): string | undefined {
  const prefix = question.trim().slice(0, MAX_QUESTION_PREFIX);
  return definitionTerm(rulesFor(language).definitionQuestion?.exec(prefix)?.[1], language);
}

function definitionTerm(subject: string | undefined, language: string): string | undefined {
  if (subject === undefined) return undefined;
  const terms = analyse(subject, language);
  if (terms.length === 0 || terms.length > MAX_SUBJECT_TERMS) return undefined;
  return DEFINITION_MARK + terms.join('');
}
