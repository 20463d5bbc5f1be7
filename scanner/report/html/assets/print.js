// On paper: every new and changed finding, open; in a scan those of medium severity and above.
const PRINTED = 1000;

function printable() {
  const wanted = report.compared ? (finding) => CHANGED.includes(finding.state)
    : (finding) => severityRank.get(finding.severity) <= severityRank.get("medium");
  return findings.filter(wanted).sort((a, b) => severityRank.get(a.severity) - severityRank.get(b.severity) || a.index - b.index);
}

function fillPrint() {
  const found = printable();
  const shown = found.slice(0, PRINTED);
  const rest = findings.length - shown.length;
  const number = thousands(found.length);
  const sentence = report.compared ? `New or changed findings: ${number}` : `Findings of medium severity or above: ${number}`;
  byId("printed").replaceChildren(
    h("p", null, `${sentence}.`, rest > 0 && ` Not printed: ${counted(rest, "other finding")}.`),
    ...shown.map((finding) => h("article", { class: `finding printed ${finding.severity}` },
      h("h3", null, h("span", { class: `sev ${finding.severity}` }, finding.severity), " ", h("span", { class: "rule" }, finding.rule), " ",
        finding.state && h("span", { class: `state ${finding.state}` }, finding.state), " ", h("span", { class: "confidence" }, finding.confidence)),
      h("p", { class: "message" }, finding.message),
      h("p", { class: "place" }, h("code", null, `${finding.path}:${finding.line}`), ` ${finding.symbol}`, finding.package && ` in ${finding.package}`),
      body(finding, true))));
}

addEventListener("beforeprint", fillPrint);
addEventListener("afterprint", () => byId("printed").replaceChildren());
