import { budget } from "./budget.rule.ts";
import { circles } from "./circles.rule.ts";
import { exposure } from "./exposure.rule.ts";
import { naming } from "./naming.rule.ts";
import { placement } from "./placement.rule.ts";
import { plainTarget } from "./plain-target.rule.ts";
import { rawMedia } from "./raw-media.rule.ts";
import { retryBudget } from "./retry-budget.rule.ts";
import type { Rule } from "./rule.ts";
import { scenarios } from "./scenario.rule.ts";
import { sizes } from "./size.rule.ts";
import { slots } from "./slots.rule.ts";
import { smallBuffer } from "./small-buffer.rule.ts";
import { spiffePattern } from "./spiffe-pattern.rule.ts";
import { targetFit } from "./target-fit.rule.ts";
import { targetOrder } from "./target-order.rule.ts";
import { transport } from "./transport.rule.ts";
import { unprovided } from "./unprovided.rule.ts";
import { unreachableFallback } from "./unreachable-fallback.rule.ts";
import { wasmSignature } from "./wasm-signature.rule.ts";

/** Every rule, in the order in which they run; a later one may ask whether an earlier one has found a declaration wrong. */
export const rules: readonly Rule[] = [
  targetOrder,
  unreachableFallback,
  targetFit,
  circles,
  transport,
  retryBudget,
  placement,
  slots,
  unprovided,
  exposure,
  plainTarget,
  spiffePattern,
  budget,
  rawMedia,
  smallBuffer,
  sizes,
  scenarios,
  wasmSignature,
  naming,
];

/** What is only known once everything has been checked. */
export const codesOfAll: ReadonlySet<string> = new Set(
  rules.flatMap((one) => (one.asksEveryPeer === true ? one.codes : [])),
);
