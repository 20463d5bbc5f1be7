// On paper: every new and changed finding, those of medium severity and above open; in a scan only these.
const PRINTED = 1000;

const weighty = (finding) => severityRank.get(finding.severity) <= severityRank.get("medium");

function printable() {
  const wanted = report.compared ? (finding) => CHANGED.includes(finding.state) : weighty;
  return findings.filter(wanted).sort((a, b) => severityRank.get(a.severity) - severityRank.get(b.severity) || a.index - b.index);
}

function printedHead(finding) {
  return [h("span", { class: `sev ${finding.severity}` }, finding.severity), " ", h("span", { class: "rule" }, finding.rule), " ",
    finding.state && h("span", { class: `state ${finding.state}` }, finding.state)];
}

function printedWhole(finding) {
  return h("article", { class: `finding printed ${finding.severity}` },
    h("h3", null, printedHead(finding), " ", h("span", { class: "confidence" }, finding.confidence)),
    h("p", { class: "message" }, finding.message),
    h("p", { class: "place" }, h("code", null, `${finding.path}:${finding.line}`), ` ${finding.symbol}`, finding.package && ` in ${finding.package}`),
    body(finding, true));
}

/** What weighs little: one line, without its code. */
function printedLine(finding) {
  return h("p", { class: "printed-line" }, printedHead(finding), " ", finding.message, " ", h("code", null, `${finding.path}:${finding.line}`));
}

function fillPrint() {
  const found = printable();
  const shown = found.slice(0, PRINTED);
  const light = shown.filter((finding) => !weighty(finding));
  const rest = findings.length - shown.length;
  const number = thousands(found.length);
  const sentence = report.compared ? `New or changed findings: ${number}` : `Findings of medium severity or above: ${number}`;
  byId("printed").replaceChildren(
    h("p", null, `${sentence}.`, rest > 0 && ` Not printed: ${counted(rest, "other finding")}.`),
    ...shown.filter(weighty).map(printedWhole),
    ...light.length ? [h("h3", null, `Of low severity: ${counted(light.length, "finding")}, without code`)] : [],
    ...light.map(printedLine));
}

addEventListener("beforeprint", fillPrint);
addEventListener("afterprint", () => byId("printed").replaceChildren());
