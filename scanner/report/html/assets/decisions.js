// A reviewer's decisions: kept in the browser as a draft, taken out as a file for `redcap-scanner review --html`.
const VERDICTS = { accept: "accept", expected: "expected", "false-positive": "false positive", "must-fix": "must fix" };
const VERDICT_KEYS = { a: "accept", e: "expected", f: "false-positive", m: "must-fix" };
const DRAFT = `redcap-scanner:${report.digest}`;
const drafts = readDrafts();

/** Drafts by identity, of this report only; what is not of the expected shape is dropped. */
function readDrafts() {
  const found = new Map();
  try {
    for (const [id, draft] of Object.entries(JSON.parse(memory.read(DRAFT) || "{}"))) {
      const known = byIdentity.has(id) && Object.hasOwn(VERDICTS, draft.verdict);
      if (known && typeof draft.reason === "string") found.set(id, { verdict: draft.verdict, reason: draft.reason });
    }
  } catch { /* another program's data: start afresh */ }
  return found;
}

const ready = (draft) => Boolean(draft && draft.verdict && draft.reason.trim());
/** Whether a decision on file still holds: it may have lapsed, or wait for a second reviewer. */
const inForce = (finding) => Boolean(finding.decision.verdict) && (finding.decision.standing || "in-force") === "in-force";
const decided = (finding) => ready(drafts.get(finding.id)) || inForce(finding);

function decide(finding, change) {
  const draft = { verdict: "", reason: "", ...drafts.get(finding.id), ...change };
  if (draft.verdict || draft.reason) drafts.set(finding.id, draft);
  else drafts.delete(finding.id);
  memory.write(DRAFT, drafts.size ? JSON.stringify(Object.fromEntries(drafts)) : null);
  drawProgress();
  drawMark(finding);
}

/** Records for the file: what has a verdict and a reason, sorted. */
function downloadRecords() {
  const records = [];
  for (const [id, draft] of drafts) {
    const finding = byIdentity.get(id);
    if (!finding || !ready(draft)) continue;
    const [path, symbol] = finding.raw || [finding.path, finding.symbol];
    records.push({ identity: id, evidence: finding.evidence, rule: finding.rule, path, symbol,
      verdict: draft.verdict, reason: draft.reason.trim() });
  }
  const key = (record) => `${record.path}\n${record.rule}\n${record.identity}`;
  return records.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function download() {
  const text = `${JSON.stringify({ schema: "redcap-review-download/1", decisions: downloadRecords() }, null, 2)}\n`;
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = h("a", { href: address, download: `redcap-review-${report.name.replace(/[^\w.-]+/g, "_")}.json` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function drawProgress() {
  const number = downloadRecords().length;
  const button = byId("download");
  button.disabled = number === 0;
  button.textContent = number ? `Download ${counted(number, "decision")}` : "Download decisions";
  const failing = findings.filter(fails);
  byId("progress").textContent = failing.length
    ? `${thousands(failing.filter(decided).length)} of ${thousands(failing.length)} failing findings decided.` : "";
}

/** Words for the head of a finding: the draft, else the decision on file. */
function mark(finding) {
  const draft = drafts.get(finding.id);
  if (draft && draft.verdict) return VERDICTS[draft.verdict] + (ready(draft) ? "" : ", reason?");
  if (!finding.decision.verdict) return "";
  return `on file: ${finding.decision.verdict}${inForce(finding) ? "" : `, ${finding.decision.standing}`}`;
}

function drawMark(finding) {
  const place = byId(`mark-${finding.index}`);
  if (place) place.textContent = mark(finding);
}

function onFile(finding) {
  if (!finding.decision.verdict) return null;
  return h("dl", { class: "evidence on-file" }, Object.entries(finding.decision)
    .flatMap(([name, value]) => [h("dt", null, name === "verdict" ? "decision" : name.replace("_", " ")), h("dd", null, value)]));
}

function lowered(finding) {
  const was = finding.lowered.severity;
  return was && h("p", { class: "moved" }, `The policy lowered the severity from ${was}: ${finding.lowered.why}`);
}

function decisionForm(finding) {
  const draft = () => drafts.get(finding.id) || { verdict: "", reason: "" };
  const need = h("span", { class: "need", id: `need-${finding.index}` });
  const drawNeed = () => { need.textContent = draft().verdict && !ready(draft()) ? "A decision needs a reason." : ""; };
  const radios = Object.entries(VERDICTS).map(([value, name]) => {
    const id = `verdict-${finding.index}-${value}`;
    return h("span", { class: "choice" }, h("input", { type: "radio", id, name: `verdict-${finding.index}`, value,
      checked: draft().verdict === value, onchange: () => { decide(finding, { verdict: value }); drawNeed(); } }),
    h("label", { for: id }, name));
  });
  const reason = h("textarea", { id: `reason-${finding.index}`, rows: 2, "aria-describedby": `need-${finding.index}`,
    oninput: (event) => { decide(finding, { reason: event.target.value }); drawNeed(); } });
  reason.value = draft().reason;
  const back = h("button", { type: "button", class: "quiet", onclick: () => takeBack(finding) }, "take back");
  drawNeed();
  return h("fieldset", { class: "decision" }, h("legend", null, "Decision"), h("div", { class: "verdicts" }, radios, back),
    h("label", { for: `reason-${finding.index}` }, "Reason"), reason, need);
}

function takeBack(finding) {
  decide(finding, { verdict: "", reason: "" });
  redraw(finding);
}
