/**
 * Where the marks of an answer go, and what they stand for. Offsets count UTF-16 units, as JavaScript's strings do.
 *
 * @import { AnswerPart, Citation, CitedSource, Source, SourcePart } from './types.ts'
 */

/**
 * The sources that an answer cites, numbered from 1 in the order in which the reader meets them.
 *
 * @param {string} answer
 * @param {readonly Citation[]} citations
 * @param {readonly Source[]} sources
 * @returns {CitedSource[]}
 */
export function citedSources(answer, citations, sources) {
  const cited = Map.groupBy(inReadingOrder(citations), (citation) => citation.source_id);
  const known = [...cited].flatMap(([id, own]) => {
    const source = sources.find((one) => one.id === id);
    return source === undefined ? [] : [{ source, passages: own.map(({ start, end }) => answer.slice(start, end)) }];
  });
  return known.map((one, index) => ({ number: index + 1, ...one }));
}

/**
 * Cuts an answer where citations begin and end. The texts of the parts, joined, are the answer.
 *
 * @param {string} answer
 * @param {readonly Citation[]} citations
 * @param {readonly CitedSource[]} cited
 * @returns {AnswerPart[]}
 */
export function answerParts(answer, citations, cited) {
  const numbers = new Map(cited.map(({ source, number }) => [source.id, number]));
  const inside = citations.filter(({ source_id, start, end }) => numbers.has(source_id) && 0 <= start && start < end && end <= answer.length);
  return slices(answer, inside).map(({ text, to, covering }) => {
    const ending = covering.filter((citation) => citation.end === to);
    const marks = new Set(ending.map(({ source_id }) => numbers.get(source_id) ?? 0));
    return { text, isCited: covering.length > 0, marks: [...marks].sort((a, b) => a - b) };
  });
}

/**
 * Cuts a source's text where it was quoted. A passage that differs in white space only is found as well; one that stands
 * nowhere, because the answer says it in its own words, marks nothing.
 *
 * @param {string} text
 * @param {readonly string[]} passages
 * @returns {SourcePart[]}
 */
export function sourceParts(text, passages) {
  const quotes = passages.flatMap((passage) => locate(text, passage));
  return slices(text, quotes).map((slice) => ({ text: slice.text, isQuoted: slice.covering.length > 0 }));
}

/** @param {readonly Citation[]} citations */
function inReadingOrder(citations) {
  return [...citations].sort((a, b) => a.end - b.end || a.start - b.start);
}

/**
 * @template {{ start: number, end: number }} Range
 * @param {string} text
 * @param {readonly Range[]} ranges
 * @returns {{ text: string, from: number, to: number, covering: Range[] }[]}
 */
function slices(text, ranges) {
  const cuts = [...new Set([0, text.length, ...ranges.flatMap(({ start, end }) => [start, end])])].sort((a, b) => a - b);
  return cuts.slice(1).map((to, index) => {
    const from = cuts[index] ?? 0;
    return { text: text.slice(from, to), from, to, covering: ranges.filter(({ start, end }) => start <= from && to <= end) };
  });
}

/**
 * @param {string} text
 * @param {string} passage
 * @returns {{ start: number, end: number }[]}
 */
function locate(text, passage) {
  const words = passage.trim().split(/\s+/).map(escapePattern);
  const found = passage.trim() === '' ? null : new RegExp(words.join('\\s+')).exec(text);
  return found === null ? [] : [{ start: found.index, end: found.index + found[0].length }];
}

/** @param {string} word */
function escapePattern(word) {
  return word.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
