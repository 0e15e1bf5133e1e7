/** Which pages may call a signaling endpoint; what is no browser says no origin (RFC 6454, section 7) and is not asked. */
export interface OriginCheck {
  /** The `Origin` of the request; undefined when it has none. */
  readonly origin: string | undefined;
  /** The `Host` of the request. */
  readonly host: string | undefined;
  /** Where the endpoint listens: a name or an address, IPv6 in brackets. */
  readonly listenHost: string;
  /** Further origins, such as `https://app.example.com`; `*` lets every page in. */
  readonly allowed: readonly string[];
}

/**
 * True for pages of this machine, of the host that was called, and of the origins that are allowed by name.
 *
 * The host that was called counts only as an address, or as the name the endpoint listens at: any other name may have
 * been made by the page's own name server to point here.
 */
export function isOriginAllowed({ origin, host, listenHost, allowed }: OriginCheck): boolean {
  if (origin === undefined) return true;
  if (allowed.some((one) => one === "*" || one.toLowerCase() === origin.toLowerCase())) return true;
  const page = hostnameOf(origin);
  if (page === undefined) return false;
  if (isLoopback(page)) return true;
  if (page !== hostnameOf(`http://${host ?? ""}`)) return false;
  return isAddress(page) || page === hostnameOf(`http://${listenHost}`);
}

/** In lower case, IPv6 in brackets and addresses in their usual form; undefined for what is no web origin. */
function hostnameOf(origin: string): string | undefined {
  try {
    const { protocol, hostname } = new URL(origin);
    return protocol === "http:" || protocol === "https:" ? hostname : undefined;
  } catch {
    return undefined;
  }
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127(\.\d+){3}$/.test(hostname)
  );
}

function isAddress(hostname: string): boolean {
  return hostname.startsWith("[") || /^\d+(\.\d+){3}$/.test(hostname);
}
