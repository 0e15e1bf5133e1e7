import type { PipelineSession, PlatformTracks } from "../interface/session.ts";
import type { PlatformTrack } from "../interface/track.ts";

type OnCarried = Parameters<PlatformTracks["send"]>[2];
type OnTrack = Parameters<PlatformTracks["receive"]>[1];

/** What a program sends and takes as tracks of the platform, over all the sessions that follow each other behind a remote. */
export class LastingTracks implements PlatformTracks {
  readonly #sent = new Map<string, { readonly track: PlatformTrack; readonly onCarried: OnCarried }>();
  readonly #taken = new Map<string, OnTrack>();
  #session: PipelineSession | undefined;

  /** Another session: it gets what the last one had, and those learn of it whose tracks it does not carry, or carries again. */
  attach(session: PipelineSession): void {
    this.#session = session;
    for (const [input, sent] of this.#sent) void this.#sendAgain(input, sent);
    for (const [output, onTrack] of this.#taken) void this.#takeAgain(output, onTrack);
  }

  async send(input: string, track: PlatformTrack | null, onCarried: OnCarried): Promise<boolean> {
    if (track === null) this.#sent.delete(input);
    else this.#sent.set(input, { track, onCarried });
    return this.#carries((tracks) => tracks.send(input, track, onCarried));
  }

  async receive(output: string, onTrack: OnTrack): Promise<boolean> {
    this.#taken.set(output, onTrack);
    return this.#carries((tracks) => tracks.receive(output, onTrack));
  }

  async #sendAgain(
    input: string,
    sent: { readonly track: PlatformTrack; readonly onCarried: OnCarried },
  ): Promise<void> {
    const session = this.#session;
    const isCarried = await this.#carries((tracks) => tracks.send(input, sent.track, sent.onCarried));
    if (this.#session === session && this.#sent.get(input) === sent) sent.onCarried(isCarried);
  }

  async #takeAgain(output: string, onTrack: OnTrack): Promise<void> {
    const session = this.#session;
    const isTaken = await this.#carries((tracks) => tracks.receive(output, onTrack));
    if (!isTaken && this.#session === session) onTrack(undefined);
  }

  /** A session whose peer has none, and one that has ended meanwhile, carries none. What is true of one need not be of the next. */
  async #carries(ask: (tracks: PlatformTracks) => Promise<boolean>): Promise<boolean> {
    for (;;) {
      const session = this.#session;
      const isCarried = session?.tracks === undefined ? false : await ask(session.tracks).catch(() => false);
      if (session === this.#session) return isCarried;
    }
  }
}
