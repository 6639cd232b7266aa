import { describe, expect, expectTypeOf, test } from 'vitest';
import type * as Api from '#src/client/api.ts';
import * as client from '#src/client/client.ts';
import type { ErrorBody } from '#src/errors.ts';
import type { AnswerEnd, AskOptions, Source } from '#src/ports/answer.ts';
import type { LoggedFrame, SnapshotTurn, SocketFrame, StatusFrame } from '#src/ports/frame.ts';

/** These hold or fail when the types are checked; run, they only say that they were here. */
describe('the declarations of the client', () => {
  test('say what the code exports', () => {
    expectTypeOf(client).toExtend<typeof Api>();
    expect(Object.keys(client).sort()).toEqual(['BanyanError', 'connect']);
  });

  test('take every frame that the service sends', () => {
    expectTypeOf<LoggedFrame & { readonly seq: number; readonly from?: number }>().toExtend<Api.LoggedFrame>();
    expectTypeOf<SocketFrame | StatusFrame>().toExtend<Api.SocketFrame>();
    expectTypeOf<SnapshotTurn>().toExtend<Api.SnapshotTurn>();
    expectTypeOf<ErrorBody>().toExtend<Api.ErrorBody>();
  });

  test('name the parts of an answer as the service does', () => {
    expectTypeOf<AnswerEnd & { readonly turn: string }>().toExtend<Api.AnswerEnd>();
    expectTypeOf<keyof Api.AnswerEnd>().toEqualTypeOf<keyof AnswerEnd | 'turn'>();
    expectTypeOf<Api.Source>().toEqualTypeOf<Source>();
    expectTypeOf<Api.AnswerOptions>().toEqualTypeOf<AskOptions>();
  });
});
