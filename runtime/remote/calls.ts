/** What calls pipelines on other peers: a program that calls nobody does without. */
export { remotePipeline } from "./caller.ts";
export { describeRemote } from "./describe.ts";
