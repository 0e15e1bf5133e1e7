import type { Clock } from "../../interface/clock.ts";
import { withDeadline } from "../../interface/deadline.ts";
import { MeshError } from "../../interface/errors.ts";
import type { MediaTrack, MediaTracks, TrackDescription, TrackRequest } from "../../interface/track.ts";
import type { EnginePeer, EngineTracks, EngineTransceiver } from "./engines/engine.ts";
import { askingSetup, overOneTransport } from "./bundle.ts";
import { checkDescription } from "./negotiation.ts";
import { DescriptionReader, descriptionPieces, type DescriptionMessage } from "./renegotiation.ts";
import { TrackSlot } from "./track-slot.ts";

/** Tracks of one connection, in both directions together. */
export const maxTracks = 64;

/** How long the other side has to answer an offer, in milliseconds. */
const answerMs = 5_000;

export interface ConnectionTracksInit {
  readonly peer: EnginePeer;
  readonly engine: EngineTracks;
  readonly role: "offerer" | "answerer";
  readonly clock: Clock;
  /** Sends a transport message on channel 0. */
  readonly send: (message: Uint8Array) => void;
  /** After a description was set: more of the engine is there to be tuned. */
  readonly tune: () => void;
}

/**
 * The media tracks of a connection. The side that has dialled makes all offers, one after another, so that two never cross;
 * an m-line is never given back, but kept for the next stream of its codec and direction: engines disagree about what becomes
 * of one that was rejected (RFC 8829 section 5.2.2 lets it be used again).
 */
export class ConnectionTracks implements MediaTracks {
  readonly carries: MediaTracks["carries"];
  readonly #init: ConnectionTracksInit;
  readonly #slots: TrackSlot[] = [];
  readonly #reader = new DescriptionReader();
  /** The exchange under way, and the one that will follow it. */
  #current: Promise<unknown> = Promise.resolve();
  #next: Promise<void> | undefined;
  #offers = 0;
  #answered: { readonly id: number; readonly settle: (said: DescriptionMessage) => void } | undefined;
  #answering = false;
  /** Why no track can be added any more; those that are there go on. */
  #broken: MeshError | undefined;

  constructor(init: ConnectionTracksInit) {
    this.#init = init;
    this.carries = init.engine.carries;
  }

  get adds(): boolean {
    return this.#init.role === "offerer";
  }

  get codecs(): MediaTracks["codecs"] {
    return this.#init.engine.codecs;
  }

  /** Some are in use that this side sends. */
  get sends(): boolean {
    return this.#slots.some(({ sends }) => sends);
  }

  async add(request: TrackRequest): Promise<MediaTrack> {
    const { clock, engine, peer, role } = this.#init;
    if (this.#broken !== undefined) throw this.#broken;
    if (role !== "offerer") throw new MeshError("internal", "Only the side that has dialled adds tracks.");
    const free = this.#slots.find((slot) => slot.fits(request));
    if (free !== undefined) return free.lease();
    if (this.#slots.length >= maxTracks) {
      throw new MeshError("resource-exhausted", `A connection carries at most ${maxTracks} media tracks.`);
    }
    const slot = new TrackSlot(engine.addTransceiver(peer, request), clock);
    this.#slots.push(slot);
    await this.#negotiated();
    return slot.lease();
  }

  take(mid: string): MediaTrack | undefined {
    return this.#slots.find((slot) => slot.mid === mid)?.lease();
  }

  /** A piece of a description has come. @throws {MeshError} `protocol-violation` */
  receive(more: boolean, piece: Uint8Array): void {
    const said = this.#reader.take(more, piece);
    if (said === undefined) return;
    if (said.type !== "offer") {
      // One that comes after its time is of no use any more.
      if (this.#answered?.id === said.id) this.#answered.settle(said);
      return;
    }
    if (this.#init.role === "offerer" || this.#answering) {
      throw new MeshError("protocol-violation", "The other side made an offer when it was not to.");
    }
    checkDescription(said.sdp, "offer");
    if ((said.sdp.match(/^m=/gm)?.length ?? 0) > maxTracks + 1) {
      throw new MeshError("protocol-violation", `The offer has more than ${maxTracks} media tracks.`);
    }
    this.#answering = true;
    void this.#answer(said.id, said.sdp);
  }

  describe(): readonly TrackDescription[] {
    return this.#slots.flatMap((slot) => slot.describe() ?? []);
  }

  /** The connection is over. */
  close(error: MeshError): void {
    this.#broken ??= error;
    this.#answered?.settle({ type: "refusal", id: this.#answered.id, reason: "the connection is closed" });
  }

  /** Resolves when an exchange that holds what is there now has been made; those asked for at the same time share one. */
  #negotiated(): Promise<void> {
    this.#next ??= this.#current.then(() => {
      this.#next = undefined;
      return this.#negotiate();
    });
    const next = this.#next;
    this.#current = next.catch(() => undefined);
    return next;
  }

  async #negotiate(): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    const { clock } = this.#init;
    const error = (): MeshError =>
      new MeshError(
        "deadline-exceeded",
        `The other side did not answer an offer of media tracks within ${answerMs} ms.`,
      );
    try {
      await withDeadline({ clock, afterMs: answerMs, error }, () => this.#offer());
    } catch (reason) {
      // An engine that has made an offer waits for its answer: it cannot make another.
      this.#broken ??= MeshError.from(reason);
      throw this.#broken;
    } finally {
      this.#answered = undefined;
    }
  }

  async #offer(): Promise<void> {
    const { peer, tune } = this.#init;
    await peer.setLocalDescription(await peer.createOffer());
    tune();
    const id = ++this.#offers;
    const answered = new Promise<DescriptionMessage>((settle) => (this.#answered = { id, settle }));
    this.#say({ type: "offer", id, sdp: askingSetup(peer.localDescription?.sdp ?? "") });
    const said = await answered;
    if (said.type !== "answer") {
      const reason = said.type === "refusal" ? said.reason : said.type;
      throw new MeshError("peer-lost", `The other side takes no media track: ${reason}.`);
    }
    checkDescription(said.sdp, "answer");
    await peer.setRemoteDescription({ type: "answer", sdp: overOneTransport(said.sdp) });
    tune();
  }

  /** Never rejects: the caller learns why there is no answer. */
  async #answer(id: number, sdp: string): Promise<void> {
    const { peer, engine, tune } = this.#init;
    try {
      await peer.setRemoteDescription({ type: "offer", sdp: overOneTransport(sdp) });
      const transceivers = engine.acceptTransceivers(peer);
      await peer.setLocalDescription(await peer.createAnswer());
      tune();
      this.#adopt(transceivers);
      this.#answering = false;
      this.#say({ type: "answer", id, sdp: peer.localDescription?.sdp ?? "" });
    } catch (error) {
      const { message } = MeshError.from(error);
      this.#say({ type: "refusal", id, reason: message.replace(/\.$/, "").slice(0, 1_000) });
    }
  }

  #adopt(transceivers: readonly EngineTransceiver[]): void {
    for (const transceiver of transceivers) {
      const isKnown = this.#slots.some((slot) => slot.isOf(transceiver));
      if (!isKnown) this.#slots.push(new TrackSlot(transceiver, this.#init.clock));
    }
  }

  #say(said: DescriptionMessage): void {
    for (const piece of descriptionPieces(said)) this.#init.send(piece);
  }
}
