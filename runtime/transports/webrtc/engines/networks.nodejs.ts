import { networkInterfaces } from "node:os";

/**
 * False on a machine without any network. Engines leave loopback out of their candidates and find none then; two peers of
 * one machine still can talk.
 */
export function anyNetwork(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some((address) => !address.internal));
}
