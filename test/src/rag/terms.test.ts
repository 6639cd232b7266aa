import { describe, expect, test } from 'vitest';
import { chunkTerms, definedTerm, isDefinitionTerm, questionTerms } from '#src/rag/terms.ts';

describe('terms of a question', () => {
  test.each([
    ['How does a supervisor restart a failed child?', ['supervisor', 'restart', 'fail', 'child']],
    ['cache, cache and cache', ['cach', 'cach', 'cach']],
    ['what who how', ['what', 'who', 'how']],
    ['???', []],
    ['🦆', []],
  ])('%j are %j', (question, expected) => {
    expect(questionTerms(question, 'en')).toEqual(expected);
  });

  test.each([
    ['What is the BEAM?', 'en'],
    ["what's a beam", 'en'],
    ['What are BEAMs?', 'en'],
    ['Was ist die BEAM?', 'de'],
    ['¿Qué es la BEAM?', 'es'],
    ['Što je BEAM?', 'hr'],
  ])('%j asks for the definition', (question, language) => {
    expect(questionTerms(question, language).some(isDefinitionTerm)).toBe(true);
  });

  test.each(['How is the BEAM started?', 'What is the default value of the limit of a body?', 'beam'])('%j asks for no definition', (question) => {
    expect(questionTerms(question, 'en').some(isDefinitionTerm)).toBe(false);
  });
});

describe('terms of a chunk', () => {
  test('are those of title, headings and text, and one for each thing that is defined', () => {
    const terms = chunkTerms({ title: 'Guide', headings: ['Runtime'], text: 'The **BEAM** is a virtual machine.' }, 'en');
    expect(terms).toEqual(['guid', 'runtim', 'beam', 'virtual', 'machin', ...questionTerms('What is the BEAM?', 'en').slice(-1)]);
  });

  test.each([
    ['GenServer (generic server) is a behaviour.', 'What is GenServer?'],
    ['A supervision tree is the shape of a system.', 'What is a supervision tree?'],
    ['Processes are isolated.', 'What is a process?'],
    ['OTP stands for Open Telecom Platform.', 'What is OTP?'],
  ])('%j answers %j', (sentence, question) => {
    expect(questionTerms(question, 'en')).toContain(definedTerm(sentence, 'en'));
  });

  test.each(['Elixir is fast.', 'We are not done.', 'The one thing that many people forget at first is a key.'])('%j defines nothing', (sentence) => {
    expect(definedTerm(sentence, 'en')).toBeUndefined();
  });

  test('code defines nothing', () => {
    expect(chunkTerms({ title: '', headings: [], text: '```\nX is a Y.\n```' }, 'en').some(isDefinitionTerm)).toBe(false);
  });
});
