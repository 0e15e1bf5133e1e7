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
                encodings: { rule: "repeated", type: "string", id: 8 },
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
                items: { rule: "repeated", type: "Item", id: 4 },
                encodings: { rule: "repeated", type: "string", id: 5 },
              },
            },
            Item: { fields: { inputs: { keyType: "string", type: "Payload", id: 1 } } },
            ExecuteResponse: {
              fields: {
                outputs: { keyType: "string", type: "Payload", id: 1 },
                items: { rule: "repeated", type: "ItemResult", id: 2 },
              },
            },
            ItemResult: {
              fields: { outputs: { keyType: "string", type: "Payload", id: 1 }, failure: { type: "Failure", id: 2 } },
            },
            Failure: {
              fields: {
                status: { type: "int32", id: 1 },
                message: { type: "string", id: 2 },
                code: { type: "string", id: 3 },
                hint: { type: "string", id: 4 },
                retry_after_ms: { type: "uint32", id: 5 },
              },
            },
            Payload: {
              oneofs: { kind: { oneof: ["text", "json", "bytes", "samples_s16", "samples_f32", "none", "cbor"] } },
              fields: {
                text: { type: "string", id: 1 },
                json: { type: "string", id: 2 },
                bytes: { type: "bytes", id: 3 },
                samples_s16: { type: "bytes", id: 4 },
                samples_f32: { type: "bytes", id: 5 },
                none: { type: "bool", id: 6 },
                cbor: { type: "bytes", id: 8 },
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
  "ChJtZXNoL3YxL21lc2gucHJvdG8SB21lc2gudjEiIwoPRGVzY3JpYmVSZXF1ZXN0EhAKCHBpcGVsaW5lGAEgASgJIrgBChBEZXNjcmliZVJlc3",
  "BvbnNlEhAKCHBpcGVsaW5lGAEgASgJEg0KBWJhdGNoGAIgASgIEhQKBmlucHV0cxgDIAMoCzIEUG9ydBIVCgdvdXRwdXRzGAQgAygLMgRQb3J0",
  "EhIKCmlkZW1wb3RlbnQYBSABKAgSGQoRbWF4X3JlcXVlc3RfYnl0ZXMYBiABKA0SFAoMc2NoZW1hc19qc29uGAcgASgJEhEKCWVuY29kaW5ncx",
  "gIIAMoCSJHCgRQb3J0EgwKBG5hbWUYASABKAkSDAoEdHlwZRgCIAEoCRIRCgl0eXBlX2pzb24YAyABKAkSEAoIb3B0aW9uYWwYBCABKAgiqgIK",
  "DkV4ZWN1dGVSZXF1ZXN0EhAKCHBpcGVsaW5lGAEgASgJEjMKBmlucHV0cxgCIAMoCzIjLm1lc2gudjEuRXhlY3V0ZVJlcXVlc3QuSW5wdXRzRW",
  "50cnkSPQoLcGFyYW1zX2pzb24YAyADKAsyKC5tZXNoLnYxLkV4ZWN1dGVSZXF1ZXN0LlBhcmFtc19qc29uRW50cnkSEwoFaXRlbXMYBCADKAsy",
  "BEl0ZW0SEQoJZW5jb2RpbmdzGAUgAygJGjYKC0lucHV0c0VudHJ5EgsKA2tleRgBIAEoCRIWCgV2YWx1ZRgCIAEoCzIHUGF5bG9hZDoCOAEaMg",
  "oQUGFyYW1zX2pzb25FbnRyeRILCgNrZXkYASABKAkSDQoFdmFsdWUYAiABKAk6AjgBImkKBEl0ZW0SKQoGaW5wdXRzGAEgAygLMhkubWVzaC52",
  "MS5JdGVtLklucHV0c0VudHJ5GjYKC0lucHV0c0VudHJ5EgsKA2tleRgBIAEoCRIWCgV2YWx1ZRgCIAEoCzIHUGF5bG9hZDoCOAEinQEKD0V4ZW",
  "N1dGVSZXNwb25zZRI2CgdvdXRwdXRzGAEgAygLMiUubWVzaC52MS5FeGVjdXRlUmVzcG9uc2UuT3V0cHV0c0VudHJ5EhkKBWl0ZW1zGAIgAygL",
  "MgpJdGVtUmVzdWx0GjcKDE91dHB1dHNFbnRyeRILCgNrZXkYASABKAkSFgoFdmFsdWUYAiABKAsyB1BheWxvYWQ6AjgBIpIBCgpJdGVtUmVzdW",
  "x0EjEKB291dHB1dHMYASADKAsyIC5tZXNoLnYxLkl0ZW1SZXN1bHQuT3V0cHV0c0VudHJ5EhgKB2ZhaWx1cmUYAiABKAsyB0ZhaWx1cmUaNwoM",
  "T3V0cHV0c0VudHJ5EgsKA2tleRgBIAEoCRIWCgV2YWx1ZRgCIAEoCzIHUGF5bG9hZDoCOAEiXgoHRmFpbHVyZRIOCgZzdGF0dXMYASABKAUSDw",
  "oHbWVzc2FnZRgCIAEoCRIMCgRjb2RlGAMgASgJEgwKBGhpbnQYBCABKAkSFgoOcmV0cnlfYWZ0ZXJfbXMYBSABKA0ipgEKB1BheWxvYWQSDgoE",
  "dGV4dBgBIAEoCUgAEg4KBGpzb24YAiABKAlIABIPCgVieXRlcxgDIAEoDEgAEhUKC3NhbXBsZXNfczE2GAQgASgMSAASFQoLc2FtcGxlc19mMz",
  "IYBSABKAxIABIOCgRub25lGAYgASgISAASDgoEY2JvchgIIAEoDEgAEhQKDHRpbWVzdGFtcF91cxgHIAEoAUIGCgRraW5kIkAKDVN0cmVhbU1l",
  "c3NhZ2USDwoHY2hhbm5lbBgBIAEoDRIPCgdtZXNzYWdlGAIgASgMEg0KBWNsb3NlGAMgASgJMscBCghQaXBlbGluZRI/CghEZXNjcmliZRIYLm",
  "1lc2gudjEuRGVzY3JpYmVSZXF1ZXN0GhkubWVzaC52MS5EZXNjcmliZVJlc3BvbnNlEjwKB0V4ZWN1dGUSFy5tZXNoLnYxLkV4ZWN1dGVSZXF1",
  "ZXN0GhgubWVzaC52MS5FeGVjdXRlUmVzcG9uc2USPAoGU3RyZWFtEhYubWVzaC52MS5TdHJlYW1NZXNzYWdlGhYubWVzaC52MS5TdHJlYW1NZX",
  "NzYWdlKAEwAWIGcHJvdG8z",
].join("");
