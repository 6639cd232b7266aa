import { describe, expect, test } from 'vitest';
import { answerFromGuides } from './answer-from-guides.ts';

const ask = answerFromGuides();

describe('the guides answer what a newcomer asks', () => {
  test.for<[string, string, RegExp]>([
    ['How does Banyan restart a failed child?', 'docs/supervision.md', /new incarnation/],
    ['What is a session?', 'docs/sessions.md', /^A session is a conversation/],
    ['What is a turn?', 'docs/sessions.md', /^A turn is a question with its answer/],
    ['How do I resume a stream after a reconnect?', 'docs/sessions.md', /`after` set to the last `seq`/],
    ['How do I stop an answer?', 'docs/sessions.md', /"type":"cancel"/],
    ['What happens when the disk is full?', 'docs/operations.md', /`STORE_FULL`/],
    ['What happens when a client reads slowly?', 'docs/operations.md', /1013/],
    ['What happens when the process is killed?', 'docs/operations.md', /on disk/],
    ['How does Banyan delete a document?', 'docs/ingestion.md', /in one transaction/],
    ['Which metrics does Banyan export?', 'docs/operations.md', /rag_queries_total/],
    ['How do I back up Banyan?', 'docs/operations.md', /copy the data directory/],
    ['What is a chunk?', 'docs/retrieval.md', /^A chunk is/],
    ['How long are answers cached?', 'docs/retrieval.md', /one hour/],
    ['How many questions may a client ask?', 'docs/operations.md', /100 questions/],
    ['What is a fuse?', 'docs/operations.md', /^A fuse is a circuit breaker/],
    ['How do I take in my own documents?', 'docs/getting-started.md', /`seed`/],
    ['How do I see the supervision tree?', 'docs/getting-started.md', /run this command/],
    ['What happens when an actor crashes?', 'docs/operations.md', /its supervisor restarts it/],
    ['How do I change the port?', 'docs/operations.md', /BANYAN_PORT/],
    ['Is my data sent to a cloud?', 'docs/getting-started.md', /nowhere/],
    ['What is a citation?', 'docs/protocol.md', /^A citation is/],
    ['How do I deploy with Docker?', 'docs/operations.md', /docker run/],
  ])('%s', ([question, guide, fact]) => {
    const { text, guides } = ask(question);
    expect(text).toMatch(fact);
    expect(guides).toContain(guide);
  });

  test.for(['What is the capital of France?', 'Who wrote Hamlet?', 'Can I use GPT-4?'])('and not: %s', (question) => {
    expect(ask(question).text).toBe('');
  });
});
