import { spawnSync } from "node:child_process";
import { join } from "node:path";

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** A certificate that stands for itself, in PEM. @param names such as `IP:127.0.0.1,DNS:localhost` @throws where there is no `openssl` */
export function selfMadeCertificate(folder: string, names: string, name = "own"): CertificateFiles {
  const files = { cert: join(folder, `${name}.cert.pem`), key: join(folder, `${name}.key.pem`) };
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const about = ["-days", "2", "-subj", "/CN=mesh-test", "-addext", `subjectAltName=${names}`];
  const args = ["req", "-x509", ...curve, ...about, "-keyout", files.key, "-out", files.cert];
  const { status, stderr, error } = spawnSync("openssl", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`openssl has made no certificate: ${error?.message ?? stderr}`);
  return files;
}
