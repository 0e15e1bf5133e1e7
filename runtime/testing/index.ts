/**
 * What a test of a node or a pipeline needs: frames in and frames out, time that goes on when told to, no network.
 * For any test runner.
 */
export { collect, collectFrames } from "./collect.ts";
export { at, feed } from "./feed.ts";
export type { Fed, FeedOptions, Timed } from "./feed.ts";
export type { Format } from "./formats.ts";
export { signatureOf } from "./one-node.ts";
export type { NodeSignature } from "./one-node.ts";
export { seededRandom } from "./seeded-random.ts";
export { soundFrames } from "./sound.ts";
export type { SoundCut } from "./sound.ts";
export { testNode } from "./test-node.ts";
export type { AnyContract, ContractOfCode, TestedNode, TestLog, TestNodeOptions } from "./test-node.ts";
export { testPipeline } from "./test-pipeline.ts";
export type { TestedPipeline, TestPipelineOptions } from "./test-pipeline.ts";
export { virtualClock } from "./virtual-clock.ts";
export type { VirtualClock } from "./virtual-clock.ts";
