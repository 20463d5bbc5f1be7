// The report, and look-ups over its findings.
const report = JSON.parse(byId("report-data").textContent);
const severityRank = new Map(report.severities.map((name, index) => [name, index]));
const stateRank = new Map(report.states.map((name, index) => [name, index]));
const CHANGED = ["new", "updated"];

const findings = report.findings.map((record, index) => ({
  to: [], secrets: [], details: [], trace: [], code: [], above: 0, below: 0, symbol: "", api: "", package: "", state: "",
  moved: "", decision: {}, lowered: {}, old: null, ...record, index,
}));
const withDefaults = (side) => ({ to: [], secrets: [], details: [], trace: [], code: [], above: 0, below: 0, symbol: "", api: "", ...side });
for (const finding of findings) if (finding.old) finding.old = withDefaults(finding.old);

const byIdentity = new Map();
for (const finding of findings) if (!byIdentity.has(finding.id)) byIdentity.set(finding.id, finding);

/** Findings of the same place, and coloured lines by place. */
const byPlace = new Map();
const lines = new Map();
for (const finding of findings) {
  const place = `${finding.path}:${finding.line}`;
  if (!byPlace.has(place)) byPlace.set(place, []);
  byPlace.get(place).push(finding);
  finding.code.forEach((line, offset) => lines.set(`${finding.path}:${finding.line - finding.above + offset}`, line));
}

const lineText = (line) => line.filter((_, at) => at % 2).join("");

/** Everything of a finding that the text filter looks at, in lower case; made when first asked for. */
function haystack(finding) {
  if (finding.haystack === undefined) {
    const parts = [finding.rule, finding.moved];
    for (const side of [finding, finding.old]) {
      if (!side) continue;
      parts.push(`${side.path}:${side.line}`, side.symbol, side.api, side.message, side.package || "", ...side.to, ...side.secrets,
        ...side.details.flat(), ...side.code.map(lineText), ...side.trace.flat());
    }
    finding.haystack = parts.join("\n").toLowerCase();
  }
  return finding.haystack;
}

/** Whether a finding counts for the exit code. */
const fails = (finding) => report.failOn !== "" && severityRank.get(finding.severity) <= severityRank.get(report.failOn)
  && (!report.compared || CHANGED.includes(finding.state));
