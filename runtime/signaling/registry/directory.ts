import type { Capability } from "../../interface/capabilities.ts";
import type { Query } from "../methods.ts";
import { peerFits, pipelineFits } from "./fits.ts";
import { interfaceHash } from "./interface-hash.ts";
import { Interner, type Held } from "./interner.ts";
import { SharedLists } from "./shared-lists.ts";
import { Match, type Entry } from "./match.ts";
import type { AdvertisedPipeline, RegistryRecord } from "./record.ts";
import { SortedNames } from "./sorted-names.ts";
import type { StoreChange } from "./store.ts";

export interface PageOptions {
  readonly limit: number;
  /** UTF-8 of the JSON of all that is found; one is given however long it is. */
  readonly bytes: number;
  /** Where an earlier page ended. */
  readonly cursor?: string | undefined;
}

export interface Page {
  readonly found: readonly Match[];
  /** Where the next page begins; undefined when nothing is left. A page that has a next one may be short. */
  readonly cursor: string | undefined;
}

/** What has become of the pipelines of a peer. */
export interface DirectoryChange {
  readonly id: string;
  readonly before: Entry | undefined;
  readonly after: Entry | undefined;
}

/** Peers that are looked at for one page: what a question costs has a bound, whatever it asks. */
const scannedPeers = 2_048;

/**
 * All that is registered, for those who ask: a copy of the store in memory, with an index by the name of pipelines, by the hash of their
 * interfaces, and by the capabilities of peers. Questions cost no I/O.
 */
export class Directory {
  readonly #entries = new Map<string, Entry>();
  readonly #ids = new SortedNames();
  readonly #byName = new Index();
  readonly #byHash = new Index();
  readonly #byCapability = new Index();
  readonly #provides = new Interner<readonly Capability[]>(() => undefined);
  readonly #advertised = new Interner<AdvertisedPipeline, string>(interfaceHash);
  readonly #lists = new SharedLists<AdvertisedPipeline>();
  readonly #heldLists = new SharedLists<Held<AdvertisedPipeline, string>>();
  readonly #listeners = new Set<(change: DirectoryChange) => void>();
  /** Nodes that cannot be reached: nothing is passed on to the peers that are connected there. */
  readonly #gone = new Set<string>();
  #recordLength = 0;

  /** UTF-16 code units of all that is registered, as JSON; what is the same in several counts once. */
  get length(): number {
    return this.#recordLength + this.#provides.length + this.#advertised.length;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  get(id: string): RegistryRecord | undefined {
    return this.#entries.get(id)?.record;
  }

  /** The same record, of one object with others in what is the same in them; its pipelines in the order of their names. */
  shared(record: RegistryRecord): RegistryRecord {
    const provides = this.#provides.shared(record.provides) as Capability[];
    const pipelines = record.pipelines.map((one) => this.#advertised.shared(one)).toSorted(byName);
    const list = this.#lists.shared(pipelines);
    if (provides === record.provides && list === record.pipelines) return record;
    return { ...record, provides, pipelines: list };
  }

  /** Takes over a change of the store. */
  apply(change: StoreChange): void {
    if (change.kind === "load") {
      const entry = this.#entries.get(change.id);
      if (entry?.record.epoch === change.epoch) entry.load = change.load;
      return;
    }
    const id = change.kind === "put" ? change.record.id : change.id;
    const before = this.#entries.get(id);
    const after = change.kind === "put" ? this.#entryOf(change.record) : undefined;
    if (after !== undefined && before?.record.epoch === after.record.epoch) after.load = before.load;
    if (before !== undefined) this.#remove(before);
    if (after !== undefined) this.#add(after);
    this.#tell({ id, before, after });
  }

  /** The signaling nodes that have registered somebody. */
  nodes(): ReadonlySet<string> {
    return new Set([...this.#entries.values()].map(({ record }) => record.node));
  }

  /** What is registered at a node. */
  idsOf(node: string): { readonly id: string; readonly epoch: number }[] {
    return [...this.#entries.values()].flatMap(({ record }) => (record.node === node ? [record] : []));
  }

  nodeWent(node: string): void {
    this.#gone.add(node);
    this.#tellOf(node);
  }

  nodeCame(node: string): void {
    if (this.#gone.delete(node)) this.#tellOf(node);
  }

  /** @returns ends it */
  onChange(listener: (change: DirectoryChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** What fits a question, in the order of ids. */
  page(query: Query, { limit, bytes, cursor }: PageOptions): Page {
    const found: Match[] = [];
    let room = bytes;
    let scanned = 0;
    /** All up to here has been told, or does not fit. */
    let reached = cursor ?? "";
    const [lastId, lastPipeline = ""] = cursor === undefined ? [] : splitCursor(cursor);
    const matcher = new Matcher(query);
    const first = lastId === undefined ? undefined : this.#entries.get(lastId);
    for (const entry of this.#from(query, first, lastId)) {
      const { id } = entry.record;
      scanned += 1;
      for (const held of matcher.fitting(entry)) {
        const { pipeline } = held.value;
        if (entry === first && pipeline <= lastPipeline) continue;
        if (found.length > 0 && found.length >= limit) return { found, cursor: reached };
        const match = this.#match(entry, held);
        const size = match.bytes;
        if (found.length > 0 && size > room) return { found, cursor: reached };
        found.push(match);
        room -= size;
        reached = `${id}/${pipeline}`;
      }
      reached = `${id}/${behindAll}`;
      if (scanned >= scannedPeers) return { found, cursor: reached };
    }
    return { found, cursor: undefined };
  }

  /**
   * All that fits a question, in the order of ids.
   * @param from peers behind this id come first, and then those up to it
   */
  *matches(query: Query, from?: string): Generator<Match> {
    const matcher = new Matcher(query);
    for (const entry of this.#around(query, from)) {
      for (const held of matcher.fitting(entry)) yield this.#match(entry, held);
    }
  }

  /** What a change is to someone who watches a question. */
  difference({ id, before, after }: DirectoryChange, query: Query): { found: Match[]; gone: string[] } {
    if (query.peer !== undefined && query.peer !== id) return { found: [], gone: [] };
    const matcher = new Matcher(query);
    const had = before === undefined ? [] : [...matcher.fitting(before)].map(({ value }) => value.pipeline);
    const has = after === undefined ? [] : [...matcher.fitting(after)];
    return {
      found: after === undefined ? [] : has.map((held) => this.#match(after, held)),
      gone: had.filter((name) => !has.some(({ value }) => value.pipeline === name)),
    };
  }

  /** Names of pipelines that may be called, in order. */
  names(limit: number): string[] {
    return this.#byName.keys(limit);
  }

  #match(entry: Entry, held: Held<AdvertisedPipeline, string>): Match {
    const { relay, connected, node } = entry.record;
    return new Match(entry, held, relay && connected && !this.#gone.has(node));
  }

  #tell(change: DirectoryChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** What is registered at a node is reached in another way than before. */
  #tellOf(node: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.record.node === node) this.#tell({ id: entry.record.id, before: entry, after: entry });
    }
  }

  /** Peers that have a pipeline of this name. */
  count(pipeline: string): number {
    return this.#byName.get(pipeline)?.size ?? 0;
  }

  #entryOf(given: RegistryRecord): Entry {
    const provides = this.#provides.hold(given.provides);
    const held = given.pipelines.map((one) => this.#advertised.hold(one)).toSorted((a, b) => byName(a.value, b.value));
    const pipelines = this.#heldLists.shared(held);
    const { provides: _, pipelines: __, ...own } = given;
    const length = JSON.stringify(own).length;
    return { record: this.shared(given), provides, pipelines, length, load: undefined };
  }

  #add(entry: Entry): void {
    const { id } = entry.record;
    this.#entries.set(id, entry);
    this.#recordLength += entry.length;
    this.#ids.add(id);
    for (const { value, about } of entry.pipelines) {
      this.#byName.add(value.pipeline, id);
      this.#byHash.add(about, id);
    }
    for (const { name } of entry.provides.value) this.#byCapability.add(name, id);
  }

  #remove(entry: Entry): void {
    const { id } = entry.record;
    this.#entries.delete(id);
    this.#recordLength -= entry.length;
    this.#ids.delete(id);
    for (const held of entry.pipelines) {
      this.#byName.delete(held.value.pipeline, id);
      this.#byHash.delete(held.about, id);
      this.#advertised.release(held);
    }
    for (const { name } of entry.provides.value) this.#byCapability.delete(name, id);
    this.#provides.release(entry.provides);
  }

  /**
   * Those that may fit, from the smallest list that holds all of them.
   * @param first comes first all the same
   */
  *#from(query: Query, first: Entry | undefined, after: string | undefined): Generator<Entry> {
    if (query.peer !== undefined) {
      const only = this.#entries.get(query.peer);
      if (only !== undefined && (after === undefined || only.record.id >= after)) yield only;
      return;
    }
    if (first !== undefined) yield first;
    for (const id of this.#smallest(query)?.after(after) ?? []) {
      const entry = this.#entries.get(id);
      if (entry !== undefined) yield entry;
    }
  }

  *#around(query: Query, from: string | undefined): Generator<Entry> {
    if (query.peer !== undefined) {
      yield* this.#from(query, undefined, undefined);
      return;
    }
    for (const id of this.#smallest(query)?.around(from) ?? []) {
      const entry = this.#entries.get(id);
      if (entry !== undefined) yield entry;
    }
  }

  /** Undefined when nothing can fit. */
  #smallest({ pipeline, interface: hash, where = [] }: Query): SortedNames | undefined {
    const lists: (SortedNames | undefined)[] = [this.#ids];
    if (pipeline !== undefined) lists.push(this.#byName.get(pipeline));
    if (hash !== undefined) lists.push(this.#byHash.get(hash));
    for (const { anyOf } of where) {
      const [part, ...others] = anyOf;
      if (part === undefined || others.length > 0) continue;
      lists.push(this.#byCapability.get(part.kind === "has" ? part.name : (part.path[0] ?? "")));
    }
    if (lists.includes(undefined)) return undefined;
    return (lists as SortedNames[]).reduce((best, list) => (list.size < best.size ? list : best));
  }
}

/** Comes behind the name of every pipeline. */
const behindAll = "\uffff";

function byName(one: AdvertisedPipeline, other: AdvertisedPipeline): number {
  return one.pipeline < other.pipeline ? -1 : 1;
}

function splitCursor(cursor: string): [string, string] {
  const at = cursor.indexOf("/");
  return at === -1 ? [cursor, ""] : [cursor.slice(0, at), cursor.slice(at + 1)];
}

/** Holds peers and pipelines against one question, each kind of them once. */
class Matcher {
  readonly #query: Query;
  readonly #peers = new Map<Entry["provides"], boolean>();
  readonly #pipelines = new Map<Entry["pipelines"][number], boolean>();

  constructor(query: Query) {
    this.#query = query;
  }

  *fitting({ provides, pipelines }: Entry): Generator<Entry["pipelines"][number]> {
    const { pipeline, interface: hash } = this.#query;
    for (const held of pipelines) {
      const { value } = held;
      if (pipeline !== undefined && value.pipeline !== pipeline) continue;
      if (hash !== undefined && held.about !== hash) continue;
      if (!known(this.#peers, provides, () => peerFits(provides.value, this.#query))) return;
      if (known(this.#pipelines, held, () => pipelineFits(value, this.#query))) yield held;
    }
  }
}

function known<K>(verdicts: Map<K, boolean>, key: K, judge: () => boolean): boolean {
  let verdict = verdicts.get(key);
  if (verdict === undefined) {
    verdict = judge();
    verdicts.set(key, verdict);
  }
  return verdict;
}

/** Ids by a word that they share. */
class Index {
  readonly #lists = new Map<string, SortedNames>();
  readonly #words = new SortedNames();

  add(word: string, id: string): void {
    let list = this.#lists.get(word);
    if (list === undefined) {
      list = new SortedNames();
      this.#lists.set(word, list);
      this.#words.add(word);
    }
    list.add(id);
  }

  delete(word: string, id: string): void {
    const list = this.#lists.get(word);
    list?.delete(id);
    if (list?.size !== 0) return;
    this.#lists.delete(word);
    this.#words.delete(word);
  }

  get(word: string): SortedNames | undefined {
    return this.#lists.get(word);
  }

  keys(limit: number): string[] {
    return this.#words.first(limit);
  }
}
