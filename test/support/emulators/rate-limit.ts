/**
 * A token bucket that holds one second's worth of requests, as `now` in ms says. Each call takes a token and gives how
 * many are left, negative when there was none.
 */
export function createRateLimit(requestsPerSecond: number, now: () => number): () => number {
  const burst = Math.max(1, requestsPerSecond);
  let tokens = burst;
  let filledAtMs = now();
  return () => {
    const nowMs = now();
    tokens = Math.min(burst, tokens + ((nowMs - filledAtMs) / 1000) * requestsPerSecond);
    filledAtMs = nowMs;
    if (tokens < 1) return -1;
    tokens -= 1;
    return Math.floor(tokens);
  };
}
