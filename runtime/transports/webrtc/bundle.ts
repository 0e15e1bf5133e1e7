/** The lines by which a section of an SDP says how it is reached (RFC 8839 section 5). */
const iceLine = /^a=(?:ice-ufrag|ice-pwd|ice-options|candidate|end-of-candidates)\b/;
/** Those that every section needs, as long as they may be (RFC 8839 section 5.4), so that saying them again makes no large text of a small one. */
const credential = /^a=ice-(?:ufrag|pwd):[^\r\n]{1,256}\r?\n/gm;

/**
 * An offer as it is told. Whoever answers chooses each time which side begins DTLS (RFC 8829 section 5.2.2), and stays by what has been
 * chosen; an engine that says the choice itself in a later offer is refused by some.
 */
export function askingSetup(sdp: string): string {
  return sdp.replace(/^a=setup:[^\r\n]*/gm, "a=setup:actpass");
}

/**
 * A description as engines are given it: all sections of a bundle say the same of how they are reached, which is what the first of them says.
 * An offer may say something else of one that is new (RFC 9143 section 7.3.1); that holds for nothing once it is bundled, but an engine may
 * take it for an ICE restart and lose the connection.
 */
export function overOneTransport(sdp: string): string {
  const bundled = new Set(/^a=group:BUNDLE ([^\r\n]*)/m.exec(sdp)?.[1]?.split(" "));
  const [session = "", ...sections] = sdp.split(/^(?=m=)/m);
  const first = sections.find((section) => bundled.has(midOf(section)));
  const credentials = first?.match(credential)?.slice(0, 2);
  if (first === undefined || credentials === undefined) return sdp;
  const told = sections.map((section) => {
    if (section === first || !bundled.has(midOf(section))) return section;
    const own = section.split(/^(?=a=)/m).filter((line) => !iceLine.test(line));
    return [...own, ...credentials].join("");
  });
  return [session, ...told].join("");
}

function midOf(section: string): string {
  return /^a=mid:([^\r\n]*)/m.exec(section)?.[1] ?? "";
}
