import type { PipelineSession, PlatformTracks } from "../interface/session.ts";
import type { PlatformTrack } from "../interface/track.ts";

/** What a program sends and takes as tracks of the platform, over all the sessions that follow each other behind a remote. */
export class LastingTracks implements PlatformTracks {
  readonly #sent = new Map<string, PlatformTrack>();
  readonly #taken = new Map<string, (track: PlatformTrack) => void>();
  #session: PipelineSession | undefined;

  /** Another session: it gets what the last one had. */
  attach(session: PipelineSession): void {
    this.#session = session;
    // Where a session cannot carry one, there is nothing: its program learns of that by the session's own `send`.
    for (const [input, track] of this.#sent) session.tracks?.send(input, track).catch(() => undefined);
    for (const [output, onTrack] of this.#taken) session.tracks?.receive(output, onTrack).catch(() => undefined);
  }

  async send(input: string, track: PlatformTrack | null): Promise<boolean> {
    const isSent = (await this.#session?.tracks?.send(input, track)) ?? false;
    if (track === null || !isSent) this.#sent.delete(input);
    else this.#sent.set(input, track);
    return isSent;
  }

  async receive(output: string, onTrack: (track: PlatformTrack) => void): Promise<boolean> {
    const isTaken = (await this.#session?.tracks?.receive(output, onTrack)) ?? false;
    if (isTaken) this.#taken.set(output, onTrack);
    return isTaken;
  }
}
