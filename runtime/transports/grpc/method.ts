/** Paths of the methods of `mesh.v1.Pipeline`. */
const service = "/mesh.v1.Pipeline/";
export const paths = {
  describe: `${service}Describe`,
  execute: `${service}Execute`,
  stream: `${service}Stream`,
} as const;

/** The pipeline that a `Stream` is for; percent-encoded, for metadata is ASCII. */
export const pipelineKey = "mesh-pipeline";
