// One finding: a head that is always there, a body that is made when it opens.
function head(finding, open) {
  const place = `${finding.path}:${finding.line}`;
  return h("h3", null, h("button", { type: "button", class: "head", "aria-expanded": open, "aria-controls": `body-${finding.index}`,
    onclick: () => toggleSeen(finding) },
  h("span", { class: `sev ${finding.severity}` }, finding.severity),
  h("span", { class: "what" },
    h("span", { class: "first" },
      h("span", { class: "rule" }, finding.rule), " ",
      finding.state && h("span", { class: `state ${finding.state}` }, finding.state), " ",
      h("span", { class: "confidence" }, finding.confidence), " ",
      h("span", { class: "mark", id: `mark-${finding.index}` }, mark(finding))),
    h("span", { class: "message" }, finding.message),
    h("span", { class: "place" }, h("code", null, place), finding.symbol && ` ${finding.symbol}`,
      finding.package && h("span", { class: "package" }, ` in ${finding.package}`)))));
}

function body(finding, printed) {
  const old = finding.old;
  const parts = [finding.moved && h("p", { class: "moved" }, "moved from ", h("code", null, finding.moved))];
  if (old) {
    const column = (word, side, other) => h("div", { class: `side ${word}` }, h("h4", null, word,
      h("span", { class: "at" }, ` line ${side.line}${side.severity === other.severity ? "" : `, ${side.severity}`}`)),
    side.message !== other.message && h("p", null, side.message), evidence(side, other), codeBlock(side, other));
    parts.push(h("div", { class: "sides" }, column("was", old, finding), column("is", finding, old)));
  } else {
    parts.push(evidence(finding, null), codeBlock(finding, null));
  }
  if (finding.short) parts.push(h("p", { class: "more" }, "Code and trace are in the JSON report: this page is bounded in size."));
  parts.push(trace(finding, printed));
  if (!printed) parts.push(alsoHere(finding));
  parts.push(lowered(finding), onFile(finding));
  parts.push(printed ? printedDecision(finding) : decisionForm(finding));
  if (!printed) {
    parts.push(h("p", { class: "links" }, h("a", { href: `#finding-${encodeURIComponent(finding.id)}` }, "¶ link to this finding"),
      ` redcap-scanner explain ${finding.rule}`));
  }
  return parts;
}

function printedDecision(finding) {
  const draft = drafts.get(finding.id);
  return draft && draft.verdict && h("p", { class: "printed-decision" }, h("strong", null, `Decision: ${VERDICTS[draft.verdict]}. `), draft.reason);
}

/** Other findings about the same line: one call often is several of them. */
function alsoHere(finding) {
  const others = byPlace.get(`${finding.path}:${finding.line}`)
    .filter((other) => other !== finding && (other.state === "absent") === (finding.state === "absent"));
  if (others.length === 0) return null;
  const shown = others.slice(0, 8).map((other) => h("a", { href: `#finding-${encodeURIComponent(other.id)}` }, `${other.severity} ${other.rule}`));
  return h("p", { class: "also" }, "Also at this line: ", joined(shown, ", "), others.length > 8 && ` and ${others.length - 8} more`);
}

function article(finding) {
  const open = opened.has(finding.index);
  return h("li", { id: `item-${finding.index}`, class: `finding ${finding.severity}${open ? " open" : ""}` }, head(finding, open),
    h("div", { class: "body", id: `body-${finding.index}`, hidden: !open }, open ? body(finding, false) : []));
}
