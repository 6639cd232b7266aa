import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, test } from 'vitest';
import { Fts5Index } from '#src/adapters/lexical-index/fts5.ts';
import type { Source } from '#src/ports/answer.ts';
import { chunkMarkdown, DEFAULT_CHUNKING } from '#src/rag/chunk.ts';
import { answerFromQuotes } from '#src/rag/cite.ts';
import { extract } from '#src/rag/extract.ts';
import { chunkTerms, questionTerms } from '#src/rag/terms.ts';
import { titleOf } from '#src/rag/title.ts';
import { findFalseCitations } from './false-citations.ts';

const data = join(import.meta.dirname, '../../../../shared/data');
const isAbsent = !existsSync(join(data, 'docsqa.jsonl'));

interface Example {
  readonly id: string;
  readonly style: string;
  readonly question: string;
  readonly gold_files: readonly string[];
  readonly key_facts: readonly (readonly string[])[];
}

interface Answered {
  readonly answer: string;
  readonly files: readonly string[];
}

const sources: Source[] = [];
let index: Fts5Index;

function addFile(file: string): void {
  const text = readFileSync(join(data, 'docs', file), 'utf8');
  const title = titleOf(text, basename(file));
  for (const chunk of chunkMarkdown(text, DEFAULT_CHUNKING)) {
    const id = String(sources.length);
    sources.push({ id, document_id: file, title, uri: null, text: chunk.text, score: 0, metadata: {} });
    index.add(sources.length, chunkTerms({ title, headings: chunk.headings, text: chunk.text }, 'en'));
  }
}

function answer(question: string): Answered {
  const terms = questionTerms(question, 'en');
  const matches = index.search(terms)[Symbol.iterator]();
  const found = Array.from({ length: 5 }, () => matches.next().value).flatMap((match) => sources[(match?.rowId ?? 0) - 1] ?? []);
  const { quotes } = extract({ question, sources: found, terms, statistics: index.statistics(terms), language: 'en' });
  const cited = answerFromQuotes(quotes);
  expect(findFalseCitations(cited, found)).toEqual([]);
  const files = cited.citations.flatMap(({ source_id }) => sources[Number(source_id)]?.document_id ?? []);
  return { answer: cited.answer, files };
}

function holdsFacts({ answer }: Answered, { key_facts }: Example): boolean {
  const text = answer.toLowerCase();
  return key_facts.every((group) => group.some((fact) => text.includes(fact.toLowerCase())));
}

describe.skipIf(isAbsent)('over real documentation (../shared/data)', () => {
  let examples: readonly Example[] = [];

  beforeAll(() => {
    const database = new DatabaseSync(':memory:');
    Fts5Index.create(database, 1);
    index = new Fts5Index(database, 1);
    database.exec('begin');
    for (const file of globSync('**/*.md', { cwd: join(data, 'docs') }).sort()) addFile(file);
    database.exec('commit');
    examples = readFileSync(join(data, 'docsqa.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Example);
  }, 60_000);

  test.each([
    ['What is the BEAM?', /virtual machine|Erlang/i, /^erlang-otp/],
    ['What is Elixir?', /functional|BEAM|language/i, /^elixir/],
    ['What is DSPy?', /framework|programming|language models/i, /^dspy/],
    ['What is Phoenix?', /framework/i, /^phoenix/],
    ['How does a supervisor restart a failed child?', /restart/i, /sup/],
  ])('%s', (question, expected, file) => {
    const { answer: text, files } = answer(question);
    expect(text).toMatch(expected);
    expect(files[0]).toMatch(file);
  });

  test('of 8 literal questions at least 7 are answered with the facts, and 7 cite the right file', () => {
    const literal = examples.filter((example) => example.style === 'literal').map((example) => ({ example, given: answer(example.question) }));
    expect(literal).toHaveLength(8);
    expect(literal.filter(({ example, given }) => holdsFacts(given, example)).length).toBeGreaterThanOrEqual(7);
    expect(literal.filter(({ example, given }) => given.files.some((file) => example.gold_files.includes(file))).length).toBeGreaterThanOrEqual(7);
  });

  test('questions that the documents do not answer are refused', () => {
    const unanswerable = examples.filter((example) => example.style.startsWith('unanswerable'));
    expect(unanswerable).toHaveLength(4);
    expect(unanswerable.map((example) => answer(example.question).answer)).toEqual(['', '', '', '']);
  });

  test.each(['Who is the president of France?', 'How do I bake bread?', 'What is the capital of Croatia?', '???'])('%s is refused', (question) => {
    expect(answer(question).answer).toBe('');
  });
});
