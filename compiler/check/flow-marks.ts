/** What has been seen of the arrows of a pipeline, also of those that could not be read. */
export class FlowMarks {
  /** Ports that an arrow leads to, by their keys, whether it gives them something or not. */
  readonly fed = new Set<string>();
  /** Instances of which some port was meant that does not exist. */
  readonly unclear = new Set<string>();
  /** Names that a flow uses. */
  readonly used = new Set<string>();
  /** Names that are declared twice: which one is meant, nobody knows. */
  readonly ambiguous = new Set<string>();
  /** Names that were not found: each may be meant for one that seems to be unused. */
  readonly lostNames = new Set<string>();
  /** Those of them that an arrow leads to: each may be meant for a port that seems to be without a source. */
  readonly lostTargets = new Set<string>();
  /** True when an arrow leads to what could not be read: it may be any port that seems to be without a source. */
  lostTarget = false;
  /** True when a name could not be read: it may be any that seems to be unused. */
  lostName = false;
}
