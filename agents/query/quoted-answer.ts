import type { Citation } from '#src/ports/answer.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { CONTINUATION } from '#src/rag/continuation.ts';
import type { WrittenAnswer } from './answer-record.ts';
import type { Writing } from './answer-writer.ts';
import { attempt } from './attempt.ts';
import type { AnswerPart } from './attempt.ts';

type Finish = WrittenAnswer['finish'];

/** Ends an answer with quotes from the documents: `length` where the time was over before they were. Rejects with ProviderError `aborted`. */
export function writeQuotes(writing: Writing): Promise<Finish> {
  return writing.draft.isEmpty ? streamQuotes(writing) : appendQuotes(writing);
}

function streamQuotes(writing: Writing): Promise<Finish> {
  const { draft } = writing;
  const offset = draft.units;
  return readQuotes(writing, (part) => {
    if (part.type === 'text') draft.quote(part.text);
    else draft.cite({ ...part, start: part.start + offset, end: part.end + offset });
  });
}

/** After what was written; without a word between where that is the beginning of the quotes. */
async function appendQuotes(writing: Writing): Promise<Finish> {
  const { draft, evidence } = writing;
  const { sentText = '' } = evidence;
  let text = '';
  const citations: Citation[] = [];
  const finish = await readQuotes(writing, (part) => {
    if (part.type === 'text') text += part.text;
    else citations.push({ source_id: part.source_id, start: part.start, end: part.end });
  });
  if (text.startsWith(draft.text) && draft.text === sentText) {
    draft.quote(text.slice(sentText.length));
    for (const citation of citations) draft.cite(citation);
    return finish;
  }
  const hasQuotes = finish !== 'refused' && text !== '';
  draft.beginParagraph();
  draft.quote(hasQuotes ? `${CONTINUATION.notice}\n\n` : CONTINUATION.noticeWithoutQuotes);
  if (hasQuotes) draft.quote(text, citations);
  return hasQuotes ? finish : 'length';
}

/** Answers with how the quotes ended: `length` where the time was over before they were. */
async function readQuotes({ options, evidence, record }: Writing, onPart: (part: AnswerPart) => void): Promise<Finish> {
  const { clock, extractive } = options;
  const { request, deadlineMs, signal } = evidence;
  const limits = { clock, model: extractive, deadlines: { firstTokenMs: Infinity, idleMs: Infinity }, endMs: deadlineMs, signal };
  try {
    const { finish, usage } = await attempt(limits, (inner) => extractive.stream(request, inner), onPart);
    record.spend(usage);
    return finish;
  } catch (error) {
    if (!(error instanceof ProviderError && error.failure === 'timeout')) throw error;
    return 'length';
  }
}
