import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { reasonOf } from "../../host/nodejs.ts";
import { environmentError, usageError } from "../exit-code.ts";

export interface CertificateRequest {
  /** Who listens, for messages: `the service`. */
  readonly who: string;
  /** It listens by TLS. */
  readonly secure: boolean;
  /** Addresses as it may listen at: without TLS, and with it. */
  readonly plain: string;
  readonly example: string;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/**
 * What is shown by TLS.
 * @returns undefined where it listens without
 * @throws {CommandError} for files that are missing, or that do not belong together
 */
export function readCertificate({
  who,
  secure,
  plain,
  example,
  cert,
  key,
}: CertificateRequest): { readonly cert: Buffer; readonly key: Buffer } | undefined {
  if (cert === undefined && key === undefined) {
    if (!secure) return undefined;
    throw usageError(
      `At an address such as ${example} ${who} needs a certificate.`,
      `Give it by --tls-cert FILE and --tls-key FILE, or listen at ${plain} behind a proxy that ends TLS.`,
    );
  }
  if (cert === undefined || key === undefined) {
    throw usageError("A certificate and its key belong together.", "Give both, --tls-cert FILE and --tls-key FILE.");
  }
  if (!secure) {
    throw usageError(`With a certificate ${who} listens by TLS.`, `Write the address as in ${example}.`);
  }
  const files = { cert: readPem(cert), key: readPem(key) };
  try {
    createSecureContext(files);
  } catch (error) {
    throw environmentError(
      `The certificate ${cert} and the key ${key} cannot be used: ${MeshError.from(error).message}.`,
      "Both are files in PEM, and the key is that of the first certificate.",
    );
  }
  return files;
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw environmentError(`The file ${file} cannot be read: ${reasonOf(error)}.`);
  }
}
