import { judge } from "../support/judged.ts";

const declared = `
node Work { in text out text }
pipeline Main { in question: text out answer: text question -> Work() -> answer }
pipeline Other { in question: text out answer: text question -> answer }
pipeline Spoken(accent: text, gain: decibel in -20dB..20dB = 0dB) { in question: text out answer: text question -> answer }
batch node Ask { in text out text }
batch pipeline Requests { in question: text out answer: text question -> Ask() -> answer }
interface Talks { in question: text out answer: text }
enum Voice { anna, ben }
`;
const withDeclared = (program: string): string => `${program}\n${declared}`;

judge(
  "peers",
  {
    "an empty one": "peer edge {\n}",
    "one that runs a pipeline": "peer edge { runs Main }",
    "one that runs several": 'peer edge { runs Main runs Other runs Requests runs Main as "again" }',
    arguments: 'peer edge { runs Spoken(accent: "en") }',
    "arguments from the environment": 'peer edge { runs Spoken(accent: env("ACCENT", "en"), gain: -6dB) }',
    "one pipeline twice, with other arguments":
      'peer edge { runs Spoken(accent: "en") as "en" runs Spoken(accent: "de") as "de" shared }',
    shared: "peer edge { runs Main shared }",
    "another name and shared": 'peer edge { runs Main as "main" shared runs Other }',
    "every member": `peer edge {
  runs Main as "main" shared
  listens "webrtc://127.0.0.1:7443", "grpc://127.0.0.1:7444"
  provides cpu, memory(8GiB)
  registers "wss://signal.example.com"
  allows "spiffe://example.com/client", "spiffe://example.com/team/*"
  admin "spiffe://example.com/ops/**"
}`,
    "members several times": `peer edge {
  listens "webrtc://127.0.0.1:7443"
  listens "grpc://127.0.0.1:7444"
  registers "wss://one.example.com"
  registers "wss://two.example.com", "ws://localhost:7000"
  allows "spiffe://example.com/a"
  allows "spiffe://example.com/b"
  provides cpu
  provides gpu
}`,
    "addresses from the environment":
      'peer edge { runs Main listens env("LISTEN", "webrtc://127.0.0.1:7443") registers env("SIGNAL", "ws://localhost:7000") }',
    "members called like words":
      'peer runs { runs Main }\npeer provides { runs Other }\npeer at { listens "grpc://localhost:7443" }',
    "two of the same pipeline on two peers": "peer one { runs Main }\npeer two { runs Main }",
    "a peer in capitals": "peer Edge { runs Main }",
    "a peer before what it runs":
      "peer edge { runs Later }\npipeline Later { in question: text out answer: text question -> answer }",
    "provides of every form":
      'peer edge { provides gpu, npu(cores: 16, memory: 8GiB), cuda(12.4), memory(64GiB), slots(8), codecs(opus, vp8), zone("eu"), load(20%), uplink(100Mbps), clock(3GHz), camera(resolution: 1280x720, rate: 30fps), near(true), voice(anna) }',
  },
  withDeclared,
);

judge(
  "peers that are wrong",
  {
    "an unknown pipeline": "peer edge {\n  runs «2001 Mian»\n}",
    "a node": "peer edge { runs «2007 Work» }",
    "an interface": "peer edge { runs «2007 Talks» }",
    "a missing argument": "peer edge { runs «2009 Spoken» }",
    "an unknown argument": 'peer edge { runs Spoken(accent: "en", «2008 voice»: "x") }',
    "an argument of the wrong type": "peer edge { runs Spoken(accent: «3003 20ms») }",
    "an argument out of its range": 'peer edge { runs Spoken(accent: "en", gain: «3005 -40dB») }',
    "an argument twice": 'peer edge { runs Spoken(accent: "en", «2003 accent»: "de") }',
    "one pipeline twice under one name (R10.2)": "peer edge { runs Main «2003 runs Main» }",
    "two pipelines under one name (R10.2)": 'peer edge { runs Main as "x" «2003 runs Other as "x"» }',
    "a name that another has without saying": 'peer edge { runs Main «2003 runs Other as "Main"» }',
    "an empty name": 'peer edge { runs Main as «3003 ""» }',
    "a scheme that no peer listens at": 'peer edge { runs Main listens «3003 "http://127.0.0.1:7443"» }',
    "an address without a scheme": 'peer edge { listens «3003 "127.0.0.1:7443"» }',
    "a port beyond all": 'peer edge { listens «3003 "webrtc://127.0.0.1:70000"» }',
    "an address twice": 'peer edge { listens "webrtc://127.0.0.1:7443", «2003 "webrtc://127.0.0.1:7443"» }',
    "a register by HTTP": 'peer edge { registers «3003 "http://signal.example.com"» }',
    "a peer twice": "peer edge { runs Main }\npeer «2003 edge» { runs Other }",
    "an unknown member": 'peer edge {\n  runs Main\n  «1015 listen» "webrtc://127.0.0.1:7443"\n}',
    "a member of a pipeline": "peer edge {\n  runs Main\n  «1030 let» x = Work()\n}",
    "an identity that is none": 'peer edge { allows «7003 "client"» }',
    "an identity of another scheme": 'peer edge { allows «7003 "https://example.com/client"» }',
    "a trust domain with a star": 'peer edge { allows «7003 "spiffe://*.example.com/x"» }',
    "two stars in the middle": 'peer edge { allows «7003 "spiffe://example.com/**/x"» }',
    "a trust domain in capitals": 'peer edge { allows «7003 "spiffe://Example.com/x"» }',
    "an admin that is none": 'peer edge { admin «7003 "root"» }',
  },
  withDeclared,
);

judge(
  "peers and the network",
  {
    "only this machine by number": 'peer edge { runs Main listens "webrtc://127.0.0.1:7443" }',
    "only this machine by another number": 'peer edge { runs Main listens "webrtc://127.8.8.8:7443" }',
    "only this machine by name": 'peer edge { runs Main listens "grpc://localhost:7443" }',
    "only this machine by version 6": 'peer edge { runs Main listens "webrtc://[::1]:7443" }',
    "without a port": 'peer edge { runs Main listens "grpc://localhost" }',
    "everywhere, for some":
      'peer edge { runs Main listens "webrtc://0.0.0.0:7443" allows "spiffe://example.com/client" }',
    "allows before listens":
      'peer edge { allows "spiffe://example.com/**" listens "webrtc://[::]:7443", "grpc://0.0.0.0:7444" runs Main }',
    everywhere: 'peer edge { runs Main listens «7001 "webrtc://0.0.0.0:7443"» }',
    "everywhere by version 6": 'peer edge { runs Main listens «7001 "grpc://[::]:7443"» }',
    "a public name": 'peer edge { runs Main listens «7001 "webrtc://edge.example.com:7443"» }',
    "an address of a network at home": 'peer edge { runs Main listens «7001 "webrtc://192.168.1.4:7443"» }',
    "one of two": 'peer edge { runs Main listens "webrtc://127.0.0.1:7443", «7001 "grpc://0.0.0.0:7444"» }',
    "an admin but nobody allowed":
      'peer edge { runs Main listens «7001 "webrtc://0.0.0.0:7443"» admin "spiffe://example.com/ops" }',
    "two peers":
      'peer one { listens «7001 "webrtc://0.0.0.0:7443"» runs Main }\npeer two { listens «7001 "webrtc://0.0.0.0:7444"» runs Main }',
    "the default of an environment variable":
      'peer edge { runs Main listens env("LISTEN", «7001 "webrtc://0.0.0.0:7443"») }',
  },
  withDeclared,
);

const proved = `
interface Talks { in question: text out answer: text }
pipeline Far: Talks { in question: text out answer: text question -> answer }
peer open { runs Far listens "webrtc://127.0.0.1:7443" }
peer closed { runs Far listens "webrtc://0.0.0.0:7444" allows "spiffe://example.com/client" }
policy proved { auth mtls "spiffe://example.com/gpu" }
`;
judge(
  "identities",
  {
    "a peer that allows somebody": "with proved { at closed.Far }",
    "a plain peer without auth": "{ at open.Far }",
    "an address": 'with proved { at "webrtc://far.example.com/far" }',
    "an address by gRPC": 'with proved { at "grpc://far.example.com/far" }',
    "a plain peer": "with proved { «7002 at open.Far» }",
    "a plain peer as a fallback": "with proved { at closed.Far «7002 else open.Far» }",
    "a plain address": 'with proved { at «7002 "ws://far.example.com/far"» }',
  },
  (remote) =>
    `pipeline Main {\n  in  question: text\n  out answer: text\n  remote far: Talks ${remote}\n  question -> far -> answer\n}\n${proved}`,
);
