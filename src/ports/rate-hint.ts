/** What an answer said of the account's allowance, as in the headers `x-ratelimit-remaining-*` and `-reset-*`. */
export interface RateHint {
  readonly remaining: number;
  /** What `remaining` starts from. */
  readonly limit?: number;
  /** Until `remaining` is full again. */
  readonly resetMs: number;
}

/** Told of what each answer says of its account's allowance. */
export type OnRate = (account: string, hint: RateHint) => void;
