import type { EngineChannel, EnginePeer, WebrtcEngine } from "../../../runtime/transports/webrtc/engines/engine.ts";
import { weriftEngine } from "../../../runtime/transports/webrtc/engines/werift.nodejs.ts";

export interface SpiedEngine extends WebrtcEngine {
  readonly peers: EnginePeer[];
  /** In the order they were made. */
  readonly channels: EngineChannel[];
}

/** Werift with its parts within reach, so that tests can break them. */
export function spiedEngine(onTune: (peer: EnginePeer, count: number) => void = () => undefined): SpiedEngine {
  const engine = weriftEngine();
  const peers: EnginePeer[] = [];
  const channels: EngineChannel[] = [];
  let tuned = 0;
  return {
    ...engine,
    peers,
    channels,
    createPeerConnection(sameMachine) {
      const peer = engine.createPeerConnection(sameMachine);
      peers.push(peer);
      return peer;
    },
    prepareChannel(channel) {
      channels.push(channel);
      engine.prepareChannel(channel);
    },
    tune(peer) {
      engine.tune(peer);
      onTune(peer, ++tuned);
    },
  };
}
