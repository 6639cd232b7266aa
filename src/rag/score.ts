import type { Source } from '#src/ports/answer.ts';
import type { TermStatistics } from '#src/ports/lexical-index.ts';
import { analyse } from './analyse.ts';
import { rulesFor } from './languages.ts';
import { findStatements } from './statements.ts';
import type { Statement } from './statements.ts';
import { definedTerm, isDefinitionTerm } from './terms.ts';

/** What an answer is looked for in, and with. */
export interface ExtractionRequest {
  readonly question: string;
  /** Best first. */
  readonly sources: readonly Source[];
  /** Of the question, as `questionTerms` gives them. */
  readonly terms: readonly string[];
  readonly statistics: TermStatistics;
  readonly language: string;
}

/** How much a term counts by where it is found; in the statement itself it counts 1. Found by measurement. */
export interface ScoreWeights {
  /** In the statement before, when this one leans on it ("It …"). */
  readonly antecedent: number;
  /** In a heading above it, or the title. */
  readonly heading: number;
  readonly neighbour: number;
  /** Elsewhere in the source. */
  readonly source: number;
  /** Added for a number, when the question asks for one. */
  readonly number: number;
  /** Taken away for each better source. */
  readonly rank: number;
  /** Taken away for what begins in mid-sentence. */
  readonly fragment: number;
  /** Taken away for a statement of a few words. */
  readonly short: number;
  /** Taken away for a statement that asks. */
  readonly question: number;
  /** What is left of the support when an identifier that the question names is in no source. */
  readonly missingIdentifier: number;
}

export interface ScoredStatement {
  readonly statement: Statement;
  /** Index of its source. */
  readonly source: number;
  /** Index among the statements of its source. */
  readonly index: number;
  /** Share of the question's information that is found in and around it, 0 to 1. */
  readonly support: number;
  /** Support, and what else speaks for or against it. */
  readonly score: number;
}

export interface Scoring {
  /** The statements of each source, in order. */
  readonly statements: readonly (readonly Statement[])[];
  /** Best first; code is not scored. */
  readonly ranked: readonly ScoredStatement[];
  /** How many different terms the question has, the mark of a definition not counted. */
  readonly termCount: number;
}

interface TopicTerm {
  readonly term: string;
  /** In nats. */
  readonly information: number;
  readonly isDefinition: boolean;
}

/** The question's terms with their information. */
interface Topic {
  readonly words: ReadonlySet<string>;
  readonly terms: readonly TopicTerm[];
  readonly total: number;
  readonly hasDefinition: boolean;
}

const SHORT_LENGTH = 30;
const FRAGMENT = /^[\p{Ll},;:)\]]/u;
const NUMBER = /\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozen|hundred|thousand|million)\b/i;
const ASKS_NUMBER = /\b(?:how (?:many|much|long|old|far|often|large|big|high)|when|what (?:year|date|percentage)|default|limit)\b/i;
const IDENTIFIER = /`([^`\s]{2,60})`|(?<![\p{L}\p{N}_])(\p{L}[\p{L}\p{N}]*(?:_[\p{L}\p{N}]+)+)/gu;

/** Scores every statement of the sources by how well it answers the question. */
export function scoreStatements(request: ExtractionRequest, weights: ScoreWeights): Scoring {
  const topic = topicOf(request);
  const statements = request.sources.map((source) => findStatements(source.text));
  const trust = hasIdentifiers(request) ? 1 : weights.missingIdentifier;
  const asksNumber = ASKS_NUMBER.test(request.question);
  const ranked = statements.flatMap((own, source) => {
    const supports = supportsOf(request, topic, weights, { own, title: request.sources[source]?.title ?? '' });
    return own.map((statement, index) => {
      const support = (supports[index] ?? 0) * trust;
      const bonus = asksNumber && NUMBER.test(statement.plain) ? weights.number : 0;
      const score = support + bonus - source * weights.rank - flaws(statement, index, weights);
      return { statement, source, index, support, score };
    });
  });
  const termCount = topic.terms.filter(({ isDefinition }) => !isDefinition).length;
  const quotable = ranked.filter((each) => each.statement.kind !== 'code');
  return { statements, ranked: quotable.sort((a, b) => b.score - a.score), termCount };
}

/** Information of a term: the logarithm of how rare it is (Robertson and Spärck Jones, never negative). */
function topicOf({ terms, statistics }: ExtractionRequest): Topic {
  const weights = new Map<string, number>();
  for (const term of terms) {
    const count = statistics.documentFrequency[term] ?? 0;
    if (isDefinitionTerm(term) && count === 0) continue;
    weights.set(term, Math.log(1 + (statistics.chunkCount - count + 0.5) / (count + 0.5)));
  }
  const found = [...weights].map(([term, information]) => ({ term, information, isDefinition: isDefinitionTerm(term) }));
  const total = found.reduce((sum, { information }) => sum + information, 0);
  return { words: new Set(weights.keys()), terms: found, total, hasDefinition: found.some(({ isDefinition }) => isDefinition) };
}

/** Whether each identifier that the question writes as code stands in a source. */
function hasIdentifiers({ question, sources }: ExtractionRequest): boolean {
  const identifiers = [...question.matchAll(IDENTIFIER)].map((match) => (match[1] ?? match[2] ?? '').toLowerCase());
  if (identifiers.length === 0) return true;
  const texts = sources.map((source) => `${source.title}\n${source.text}`.toLowerCase());
  return identifiers.every((identifier) => texts.some((text) => text.includes(identifier)));
}

function supportsOf(
  { language }: ExtractionRequest,
  topic: Topic,
  weights: ScoreWeights,
  { own, title }: { readonly own: readonly Statement[]; readonly title: string },
): number[] {
  const found = own.map((statement) => termsFound(statement.plain, topic, language, statement.kind !== 'code'));
  const everywhere = new Set(found.flatMap((terms) => [...terms]));
  const headings = new Map<string, ReadonlySet<string>>();
  const reference = rulesFor(language).reference;
  return own.map((statement, index) => {
    let above = headings.get(statement.heading);
    if (above === undefined) headings.set(statement.heading, (above = termsFound(`${title}\n${statement.heading}`, topic, language)));
    const before = found[index - 1] ?? NOTHING;
    const leansOn = reference?.test(statement.plain) === true ? before : NOTHING;
    return supportFrom(topic, weights, { own: found[index] ?? NOTHING, leansOn, above, before, after: found[index + 1] ?? NOTHING, everywhere });
  });
}

/** The terms of the question that are found in and around a statement. */
interface Places {
  readonly own: ReadonlySet<string>;
  /** The statement before, when this one leans on it. */
  readonly leansOn: ReadonlySet<string>;
  readonly above: ReadonlySet<string>;
  readonly before: ReadonlySet<string>;
  readonly after: ReadonlySet<string>;
  readonly everywhere: ReadonlySet<string>;
}

const NOTHING: ReadonlySet<string> = new Set();

function supportFrom({ terms, total }: Topic, weights: ScoreWeights, places: Places): number {
  let support = 0;
  for (const { term, information, isDefinition } of terms) {
    if (places.own.has(term)) support += information;
    // a definition that stands elsewhere says nothing about this statement
    else if (!isDefinition) support += information * weightAround(term, weights, places);
  }
  return total === 0 ? 0 : support / total;
}

/** Where a term counts most. */
function weightAround(term: string, weights: ScoreWeights, { leansOn, above, before, after, everywhere }: Places): number {
  if (!everywhere.has(term) && !above.has(term)) return 0;
  return Math.max(
    leansOn.has(term) ? weights.antecedent : 0,
    above.has(term) ? weights.heading : 0,
    before.has(term) || after.has(term) ? weights.neighbour : 0,
    everywhere.has(term) ? weights.source : 0,
  );
}

function termsFound(text: string, topic: Topic, language: string, mayDefine = false): ReadonlySet<string> {
  const found = analyse(text, language).filter((term) => topic.words.has(term));
  const defined = mayDefine && topic.hasDefinition ? definedTerm(text, language) : undefined;
  if (defined !== undefined && topic.words.has(defined)) found.push(defined);
  return found.length === 0 ? NOTHING : new Set(found);
}

function flaws(statement: Statement, index: number, weights: ScoreWeights): number {
  let flaw = statement.plain.length < SHORT_LENGTH ? weights.short : 0;
  if (index === 0 && FRAGMENT.test(statement.plain)) flaw += weights.fragment;
  if (/[?？]$/.test(statement.plain)) flaw += weights.question;
  return flaw;
}
