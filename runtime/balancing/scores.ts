/** What candidates of the signaling service and branches of an `any` are compared by; the lower, the better. */

/** How much of it would be in use, with one more. */
export function utilisation(inFlight: number, slots: number): number {
  return (inFlight + 1) / slots;
}

/** When one more would be done: what is there before it, and itself, times what each takes, by what is done side by side. */
export function timeToEnd(inFlight: number, slots: number, serviceMs: number): number {
  return utilisation(inFlight, slots) * serviceMs;
}

/** What one that has not been measured is taken to need, in milliseconds: as much as the quickest that has. */
export function guessedServiceMs(all: readonly { readonly serviceMs: number | undefined }[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { serviceMs } of all) if (serviceMs !== undefined && serviceMs < least) least = serviceMs;
  return least === Number.POSITIVE_INFINITY ? 1 : Math.max(least, Number.MIN_VALUE);
}
