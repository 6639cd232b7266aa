import type { Source } from '#src/ports/answer.ts';
import type { Figures } from '../benchmark.ts';
import type { Asked, SeenFrame } from '../providers/conversation.ts';
import { differenceFromModel, differenceOf } from './text-account.ts';
import type { Difference } from './text-account.ts';

/** What may lie between a turn's deadline and its last frame. */
const LATE_AFTER_MS = 100;

/** What is to be told of the questions that were asked at failing providers. */
export function answerFigures(asked: readonly Asked[], turnTimeoutMs: number): Figures {
  const share = (isCounted: (answer: Asked) => boolean): number => asked.filter(isCounted).length / asked.length;
  const differences = asked.flatMap(differencesOf);
  return {
    usable_share: share(isUsable),
    ended_share: share(({ end }) => end !== undefined),
    late_questions: asked.filter(({ endMs = Infinity }) => endMs > turnTimeoutMs + LATE_AFTER_MS).length,
    duplicated_characters: differences.reduce((sum, { duplicated }) => sum + duplicated, 0),
    missing_characters: differences.reduce((sum, { missing }) => sum + missing, 0),
    questions: asked.length,
    recovered_share: share(({ frames }) => frames.some(({ stage }) => stage === 'recovering')),
    without_model_share: share(isWithout('model')),
    without_vectors_share: share(isWithout('vectors')),
    without_reranker_share: share(isWithout('reranker')),
  };
}

function isUsable({ end }: Asked): boolean {
  if (end?.type !== 'answer-end') return false;
  const { finish, answer, sources } = end as SeenFrame & { readonly answer: string; readonly sources: readonly unknown[] };
  return (finish === 'stop' || finish === 'length') && answer.trim() !== '' && sources.length > 0;
}

function isWithout(part: string): (answer: Asked) => boolean {
  return ({ end }) => degradedOf(end).includes(part);
}

function degradedOf(end: SeenFrame | undefined): readonly string[] {
  return (end?.['degraded'] as readonly string[] | undefined) ?? [];
}

/** Of the deltas from the answer, and of the answer from what the models say. */
function differencesOf({ question, frames, end }: Asked): readonly Difference[] {
  if (end?.type !== 'answer-end' || end['finish'] === 'refused') return [];
  const answer = String(end['answer']);
  const joined = frames.map((frame) => (frame.type === 'answer-delta' ? String(frame['text']) : '')).join('');
  const sources = (frames.find(({ type }) => type === 'sources')?.['sources'] ?? []) as readonly Source[];
  return [differenceOf(joined, answer), differenceFromModel({ question, sources, answer, isQuoted: degradedOf(end).includes('model') })];
}

/** The first answers that differ, to be read by who looks for the reason. */
export function describeDifferences(asked: readonly Asked[], count: number): readonly string[] {
  const differing = asked.filter((answer) => differencesOf(answer).some(({ duplicated, missing }) => duplicated + missing > 0));
  return differing.slice(0, count).map(({ question, end }) => `${question} → ${JSON.stringify(end?.['answer'])}`);
}
