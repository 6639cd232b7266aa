import type { RateHint } from '#src/ports/rate-hint.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|s|m|h)/g;

/** Reads the headers of OpenAI and of those who speak as it does; undefined where they tell no allowance of requests. */
export function rateHintOf(headers: Headers): RateHint | undefined {
  const remaining = countOf(headers.get('x-ratelimit-remaining-requests'));
  const resetMs = durationMs(headers.get('x-ratelimit-reset-requests'));
  const limit = countOf(headers.get('x-ratelimit-limit-requests'));
  if (remaining === undefined || resetMs === undefined) return undefined;
  return { remaining, resetMs, ...(limit === undefined ? {} : { limit }) };
}

function countOf(value: string | null): number | undefined {
  return value !== null && /^\d{1,12}$/.test(value) ? Number(value) : undefined;
}

/** As in `6ms`, `1s`, `6m0s`; a bare number is seconds. */
function durationMs(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(value)) return Number(value) * 1000;
  if (!DURATION.test(value)) return undefined;
  return [...value.matchAll(DURATION_PART)].reduce((sum, [, number, unit]) => sum + Number(number) * (UNIT_MS[unit ?? ''] ?? 0), 0);
}
