import type { Capability } from "../../interface/capabilities.ts";
import type { FoundPipeline } from "../methods.ts";
import { utf8Length } from "../message-rates.ts";
import { heldJson, type Held } from "./interner.ts";
import type { AdvertisedPipeline, LoadReport, RegistryRecord } from "./record.ts";

/** What is registered for an id. */
export interface Entry {
  /** What is the same in several records is one object. */
  readonly record: RegistryRecord;
  readonly provides: Held<readonly Capability[]>;
  /** Each with the hash of its interface, in the order of their names. */
  readonly pipelines: readonly Held<AdvertisedPipeline, string>[];
  /** UTF-16 code units of the JSON of what it has for itself. */
  readonly length: number;
  load: LoadReport | undefined;
}

/** A pipeline of a peer that fits a question. What those who ask are told of it holds nothing of keys and nodes. */
export class Match {
  readonly #entry: Entry;
  readonly #held: Held<AdvertisedPipeline, string>;
  /** The service passes calls on to its peer. */
  readonly relay: boolean;
  /** With all addresses, once it was written. */
  #json: string | undefined;

  constructor(entry: Entry, held: Held<AdvertisedPipeline, string>, relay: boolean) {
    this.#entry = entry;
    this.#held = held;
    this.relay = relay;
  }

  /** The id of its peer. */
  get peer(): string {
    return this.#entry.record.id;
  }

  /** The name under which it is called. */
  get pipeline(): string {
    return this.#held.value.pipeline;
  }

  get addresses(): readonly string[] {
    return this.#entry.record.addresses;
  }

  /** As last reported: the same object until the next report. */
  get load(): LoadReport | undefined {
    return this.#entry.load;
  }

  /** All that is told of it. */
  get found(): FoundPipeline {
    return JSON.parse(this.json) as FoundPipeline;
  }

  /** The JSON of that. Most of it is the same for many peers, and has been written before. */
  get json(): string {
    this.#json ??= this.jsonWith(this.addresses);
    return this.#json;
  }

  /** Of that, in UTF-8. */
  get bytes(): number {
    return utf8Length(this.json);
  }

  /** @param addresses those that who asks may know */
  jsonWith(addresses: readonly string[]): string {
    const { record, provides, load } = this.#entry;
    const { id: peer, name, epoch } = record;
    const { relay } = this;
    const own = JSON.stringify({ peer, name, epoch, interface: this.#held.about, addresses, relay, load });
    return `${heldJson(this.#held).slice(0, -1)},${own.slice(1, -1)},"provides":${heldJson(provides)}}`;
  }
}
