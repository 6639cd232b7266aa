import type { Citation, Source } from '#src/ports/answer.ts';
import { OverlapTrimmer } from '#src/rag/continuation.ts';
import { GrowingText } from '#src/rag/growing-text.ts';
import type { ResolvedText } from '#src/rag/handles.ts';
import { HandleResolver } from '#src/rag/handles.ts';
import { KnownText } from '#src/rag/joint.ts';

/** Where an answer goes as it is written. */
export interface TextSink {
  /** All of it so far. */
  readonly text: string;
  /** Its length, in UTF-16 units. */
  readonly units: number;
  addText(piece: string): void;
  addCitation(citation: Citation): void;
}

/** An answer that several models may have written, one after the other. What has been given to the sink stays. */
export class AnswerDraft {
  readonly #sink: TextSink;
  readonly #resolver: HandleResolver;
  /** As the models wrote it: with handles, without what was held back when one broke off. */
  #raw: GrowingText;
  #trimmer: OverlapTrimmer | undefined;
  /** Given to the sink: a model that goes on may cite again what was cited. */
  readonly #cited = new Set<string>();

  /** @param sentText what the sink's readers already have of this answer; its handles are resolved */
  constructor(sink: TextSink, sentText: string) {
    this.#sink = sink;
    this.#raw = new GrowingText(sentText);
    this.#resolver = new HandleResolver([], sentText);
  }

  /** What the sink's readers have. */
  get text(): string {
    return this.#sink.text;
  }

  /** The length of `text`, in UTF-16 units. */
  get units(): number {
    return this.#sink.units;
  }

  /** The length of `raw`, in UTF-16 units. */
  get rawUnits(): number {
    return this.#raw.units;
  }

  /** What the next model is shown. */
  get raw(): string {
    return this.#raw.toString();
  }

  get isEmpty(): boolean {
    return this.text.trim() === '';
  }

  /** Another stream begins. @param sources by the numbers of its prompt */
  begin(question: string, sources: readonly Source[]): void {
    this.#resolver.restart(sources.map(({ id }) => id));
    if (!this.isEmpty) this.#trimmer = new OverlapTrimmer(this.raw, knownText(question, sources, this.raw));
  }

  write(piece: string): void {
    this.#add(this.#trimmer?.push(piece) ?? piece);
  }

  /** The stream has come to its end. */
  end(): void {
    this.#add(this.#trimmer?.end() ?? '');
    this.#give(this.#resolver.end());
    this.#trimmer = undefined;
  }

  /** The stream has broken off: what it had not given out is forgotten. */
  breakOff(): void {
    this.#raw = new GrowingText(this.raw.slice(0, this.#raw.units - this.#resolver.heldUnits));
    this.#resolver.restart([]);
    this.#trimmer = undefined;
  }

  /** Adds text that has no handles, with citations whose offsets count from its beginning. */
  quote(text: string, citations: readonly Citation[] = []): void {
    const offset = this.units;
    this.#give({ text, citations: citations.map(({ source_id, start, end }) => ({ source_id, start: start + offset, end: end + offset })) });
  }

  /** Adds a citation whose offsets count from the beginning of the answer. */
  cite({ source_id, start, end }: Citation): void {
    const key = `${start} ${end} ${source_id}`;
    if (this.#cited.has(key)) return;
    this.#cited.add(key);
    this.#sink.addCitation({ source_id, start, end });
  }

  /** Begins a paragraph, outside any block of code. */
  beginParagraph(): void {
    this.quote(this.#resolver.isInFence ? '\n```\n\n' : '\n\n');
  }

  #add(piece: string): void {
    this.#raw.append(piece);
    this.#give(this.#resolver.push(piece));
  }

  #give({ text, citations }: ResolvedText): void {
    if (text !== '') this.#sink.addText(text);
    for (const citation of citations) this.cite(citation);
  }
}

/** The words that an answer is made of. The last one of the text so far may be a part of a word. */
function knownText(question: string, sources: readonly Source[], raw: string): KnownText {
  const evidence = sources.flatMap(({ title, text }) => [title, text]);
  return new KnownText([question, ...evidence, raw.replace(/(?<!\S)\S+$/, '')].join('\n'));
}
