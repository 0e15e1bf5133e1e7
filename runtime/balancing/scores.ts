// What candidates of the signaling service and branches of an `any` are compared by; the lower, the better.

/** How much of it would be in use, with one more. */
export function utilisation(inFlight: number, slots: number): number {
  return (inFlight + 1) / slots;
}

/**
 * How much one more there would cost, in milliseconds: what it takes itself, its part of what is in use, and twice of what is beyond the
 * slots, for that has to wait. The weights are those with the lowest tail in `npm run bench -- balancing`; the plain product of
 * service time and use is about a tenth behind them.
 */
export function timeToEnd(inFlight: number, slots: number, serviceMs: number): number {
  const use = utilisation(inFlight, slots);
  return serviceMs * (0.5 + use + Math.max(0, use - 1));
}

/** What one that has not been measured is taken to need, in milliseconds: as much as the quickest that has. */
export function guessedServiceMs(all: readonly { readonly serviceMs: number | undefined }[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { serviceMs } of all) if (serviceMs !== undefined && serviceMs < least) least = serviceMs;
  return least === Number.POSITIVE_INFINITY ? 1 : Math.max(least, Number.MIN_VALUE);
}
