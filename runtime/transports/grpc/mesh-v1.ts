/** mesh/v1/mesh.proto; written by scripts/grpc-descriptor.mjs. */

/** In the JSON of protobufjs. */
export const meshV1 = {
  nested: {
    mesh: {
      nested: {
        v1: {
          nested: {
            Pipeline: {
              methods: {
                Describe: { requestType: "DescribeRequest", responseType: "DescribeResponse" },
                Execute: { requestType: "ExecuteRequest", responseType: "ExecuteResponse" },
                Stream: {
                  requestType: "StreamMessage",
                  requestStream: true,
                  responseType: "StreamMessage",
                  responseStream: true,
                },
              },
            },
            DescribeRequest: { fields: { pipeline: { type: "string", id: 1 } } },
            DescribeResponse: {
              fields: {
                pipeline: { type: "string", id: 1 },
                batch: { type: "bool", id: 2 },
                inputs: { rule: "repeated", type: "Port", id: 3 },
                outputs: { rule: "repeated", type: "Port", id: 4 },
                idempotent: { type: "bool", id: 5 },
                max_request_bytes: { type: "uint32", id: 6 },
                schemas_json: { type: "string", id: 7 },
              },
            },
            Port: {
              fields: {
                name: { type: "string", id: 1 },
                type: { type: "string", id: 2 },
                type_json: { type: "string", id: 3 },
                optional: { type: "bool", id: 4 },
              },
            },
            ExecuteRequest: {
              fields: {
                pipeline: { type: "string", id: 1 },
                inputs: { keyType: "string", type: "Payload", id: 2 },
                params_json: { keyType: "string", type: "string", id: 3 },
              },
            },
            ExecuteResponse: { fields: { outputs: { keyType: "string", type: "Payload", id: 1 } } },
            Payload: {
              oneofs: { kind: { oneof: ["text", "json", "bytes", "samples_s16", "samples_f32", "none"] } },
              fields: {
                text: { type: "string", id: 1 },
                json: { type: "string", id: 2 },
                bytes: { type: "bytes", id: 3 },
                samples_s16: { type: "bytes", id: 4 },
                samples_f32: { type: "bytes", id: 5 },
                none: { type: "bool", id: 6 },
                timestamp_us: { type: "double", id: 7 },
              },
            },
            StreamMessage: {
              fields: {
                channel: { type: "uint32", id: 1 },
                message: { type: "bytes", id: 2 },
                close: { type: "string", id: 3 },
              },
            },
          },
        },
      },
    },
  },
};

/** Its FileDescriptorProto in base64. */
export const meshV1Descriptor: string = [
  "ChJtZXNoL3YxL21lc2gucHJvdG8SB21lc2gudjEiIwoPRGVzY3JpYmVSZXF1ZXN0EhAKCHBpcGVsaW5lGAEgASgJIqUBChBEZXNjcmliZVJlc3",
  "BvbnNlEhAKCHBpcGVsaW5lGAEgASgJEg0KBWJhdGNoGAIgASgIEhQKBmlucHV0cxgDIAMoCzIEUG9ydBIVCgdvdXRwdXRzGAQgAygLMgRQb3J0",
  "EhIKCmlkZW1wb3RlbnQYBSABKAgSGQoRbWF4X3JlcXVlc3RfYnl0ZXMYBiABKA0SFAoMc2NoZW1hc19qc29uGAcgASgJIkcKBFBvcnQSDAoEbm",
  "FtZRgBIAEoCRIMCgR0eXBlGAIgASgJEhEKCXR5cGVfanNvbhgDIAEoCRIQCghvcHRpb25hbBgEIAEoCCKCAgoORXhlY3V0ZVJlcXVlc3QSEAoI",
  "cGlwZWxpbmUYASABKAkSMwoGaW5wdXRzGAIgAygLMiMubWVzaC52MS5FeGVjdXRlUmVxdWVzdC5JbnB1dHNFbnRyeRI9CgtwYXJhbXNfanNvbh",
  "gDIAMoCzIoLm1lc2gudjEuRXhlY3V0ZVJlcXVlc3QuUGFyYW1zX2pzb25FbnRyeRo2CgtJbnB1dHNFbnRyeRILCgNrZXkYASABKAkSFgoFdmFs",
  "dWUYAiABKAsyB1BheWxvYWQ6AjgBGjIKEFBhcmFtc19qc29uRW50cnkSCwoDa2V5GAEgASgJEg0KBXZhbHVlGAIgASgJOgI4ASKCAQoPRXhlY3",
  "V0ZVJlc3BvbnNlEjYKB291dHB1dHMYASADKAsyJS5tZXNoLnYxLkV4ZWN1dGVSZXNwb25zZS5PdXRwdXRzRW50cnkaNwoMT3V0cHV0c0VudHJ5",
  "EgsKA2tleRgBIAEoCRIWCgV2YWx1ZRgCIAEoCzIHUGF5bG9hZDoCOAEilgEKB1BheWxvYWQSDgoEdGV4dBgBIAEoCUgAEg4KBGpzb24YAiABKA",
  "lIABIPCgVieXRlcxgDIAEoDEgAEhUKC3NhbXBsZXNfczE2GAQgASgMSAASFQoLc2FtcGxlc19mMzIYBSABKAxIABIOCgRub25lGAYgASgISAAS",
  "FAoMdGltZXN0YW1wX3VzGAcgASgBQgYKBGtpbmQiQAoNU3RyZWFtTWVzc2FnZRIPCgdjaGFubmVsGAEgASgNEg8KB21lc3NhZ2UYAiABKAwSDQ",
  "oFY2xvc2UYAyABKAkyxwEKCFBpcGVsaW5lEj8KCERlc2NyaWJlEhgubWVzaC52MS5EZXNjcmliZVJlcXVlc3QaGS5tZXNoLnYxLkRlc2NyaWJl",
  "UmVzcG9uc2USPAoHRXhlY3V0ZRIXLm1lc2gudjEuRXhlY3V0ZVJlcXVlc3QaGC5tZXNoLnYxLkV4ZWN1dGVSZXNwb25zZRI8CgZTdHJlYW0SFi",
  "5tZXNoLnYxLlN0cmVhbU1lc3NhZ2UaFi5tZXNoLnYxLlN0cmVhbU1lc3NhZ2UoATABYgZwcm90bzM=",
].join("");
