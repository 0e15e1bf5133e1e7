import * as fastCheck from "fast-check";

/** Fewer runs than usual: the tests of a folder should take seconds. */
fastCheck.configureGlobal({ numRuns: 60 });
export const fc = fastCheck;
