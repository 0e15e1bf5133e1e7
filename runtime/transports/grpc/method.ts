/** The method of `mesh.v1.Pipeline` that carries connections. */
export const streamPath = "/mesh.v1.Pipeline/Stream";

/** The pipeline that a `Stream` is for; percent-encoded, for metadata is ASCII. */
export const pipelineKey = "mesh-pipeline";

/** The largest message of a channel that a side takes, in bytes, in the metadata that it sends; without it, what every peer takes. */
export const messageBytesKey = "mesh-message-bytes";
