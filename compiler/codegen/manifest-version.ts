/** The version of the form of manifests; the schema accepts no other. */
export const manifestVersion = 1;
