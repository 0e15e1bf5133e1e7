/** The version of plans: the only one that this compiler writes and this runtime reads. */
export const planVersion = 1;
