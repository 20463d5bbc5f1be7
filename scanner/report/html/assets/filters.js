// What is chosen, in the page and in its address: `#state=new,updated&severity=critical&host=api.example.com&q=curl`.
const MANY = ["state", "severity", "category", "decision"];
const ONE = ["rule", "package", "host", "secret"];
const SORTS = { worst: "worst first", path: "by path", rule: "by rule" };
const NAMES = { state: "State", severity: "Severity", category: "Category", decision: "Decision",
  rule: "Rule", package: "Package", host: "Destination", secret: "Secret" };

const nothing = () => ({ state: [], severity: [], category: [], decision: [], rule: "", package: "", host: "", secret: "",
  q: "", sort: "worst" });
const usual = () => ({ ...nothing(), state: report.compared ? [...CHANGED] : [] });
let chosen = usual();

const ORDERED = { state: report.states, severity: report.severities, category: report.categories,
  decision: ["undecided", "decided"] };

/** Values of one finding for one filter. */
function facet(finding, key) {
  switch (key) {
    case "host": return finding.old ? [...finding.to, ...finding.old.to] : finding.to;
    case "secret": return finding.old ? [...finding.secrets, ...finding.old.secrets] : finding.secrets;
    case "decision": return [decided(finding) ? "decided" : "undecided"];
    default: return finding[key] ? [finding[key]] : [];
  }
}

function passes(finding, key) {
  const wanted = chosen[key];
  if (key === "q") return wanted.toLowerCase().split(/\s+/).every((word) => haystack(finding).includes(word));
  if (wanted.length === 0) return true;
  const values = facet(finding, key);
  return Array.isArray(wanted) ? values.some((value) => wanted.includes(value)) : values.includes(wanted);
}

const ALL_KEYS = [...MANY, ...ONE, "q"];

/** Findings that pass all filters, in the chosen order. */
function selected() {
  const keys = ALL_KEYS.filter((key) => chosen[key].length > 0);
  const found = findings.filter((finding) => keys.every((key) => passes(finding, key)));
  const worst = (a, b) => severityRank.get(a.severity) - severityRank.get(b.severity)
    || (stateRank.get(a.state) ?? -1) - (stateRank.get(b.state) ?? -1) || a.index - b.index;
  const text = (key) => (a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : a.line - b.line || worst(a, b));
  return found.sort({ worst, path: text("path"), rule: text("rule") }[chosen.sort] || worst);
}

/** Number of findings by value of one filter, the other filters applied. */
function counts(key) {
  const keys = ALL_KEYS.filter((other) => other !== key && chosen[other].length > 0);
  const numbers = new Map();
  for (const finding of findings) {
    if (!keys.every((other) => passes(finding, other))) continue;
    for (const value of new Set(facet(finding, key))) numbers.set(value, (numbers.get(value) || 0) + 1);
  }
  return numbers;
}

/** Filters of an address, or null when it holds none. */
function parseHash(hash) {
  const text = hash.replace(/^#/, "");
  if (!text.includes("=")) return null;
  const result = nothing();
  for (const part of text.split("&")) {
    const at = part.indexOf("=");
    let value = part.slice(at + 1);
    try { value = decodeURIComponent(value); } catch { /* a stray per cent sign stands for itself */ }
    const key = part.slice(0, at);
    if (MANY.includes(key)) result[key] = value.split(",").filter((item) => ORDERED[key].includes(item));
    else if (ONE.includes(key) || key === "q") result[key] = value;
    else if (key === "sort" && Object.hasOwn(SORTS, value)) result.sort = value;
  }
  return result;
}

function formatHash() {
  const parts = ALL_KEYS.filter((key) => chosen[key].length > 0)
    .map((key) => `${key}=${Array.isArray(chosen[key]) ? chosen[key].join(",") : encodeURIComponent(chosen[key])}`);
  if (chosen.sort !== "worst") parts.push(`sort=${chosen.sort}`);
  return `#${parts.join("&") || "show=all"}`;
}

function drawFacets() {
  const place = byId("facets");
  const active = document.activeElement && document.activeElement.id;
  place.replaceChildren(...MANY.map(drawMany), ...ONE.map(drawOne), drawSort());
  if (byId("filter-q").value !== chosen.q) byId("filter-q").value = chosen.q;
  if (active && active.startsWith("filter-") && byId(active)) byId(active).focus();
}

function drawMany(key) {
  const numbers = counts(key);
  const values = ORDERED[key].filter((value) => numbers.has(value) || chosen[key].includes(value));
  if (values.length === 0) return "";
  return h("fieldset", null, h("legend", null, NAMES[key]), values.map((value) => {
    const id = `filter-${key}-${value}`;
    const box = h("input", { type: "checkbox", id, checked: chosen[key].includes(value), onchange: (event) => {
      chosen[key] = ORDERED[key].filter((item) => (item === value ? event.target.checked : chosen[key].includes(item)));
      changed();
    } });
    return h("div", { class: "choice" }, box, h("label", { for: id }, h("span", { class: `dot ${value}` }), value, " ",
      h("span", { class: "count" }, thousands(numbers.get(value) || 0))));
  }));
}

function drawOne(key) {
  const numbers = counts(key);
  if (chosen[key] && !numbers.has(chosen[key])) numbers.set(chosen[key], 0);
  if (numbers.size === 0) return "";
  const names = [...numbers.keys()].sort();
  const options = [h("option", { value: "" }, `any (${thousands(names.length)})`)];
  for (const name of names) {
    options.push(h("option", { value: name, selected: chosen[key] === name }, `${name} (${thousands(numbers.get(name))})`));
  }
  const id = `filter-${key}`;
  return h("div", { class: "field" }, h("label", { for: id }, NAMES[key]), h("select", { id, onchange: (event) => {
    chosen[key] = event.target.value;
    changed();
  } }, options));
}

function drawSort() {
  const options = Object.entries(SORTS).map(([key, name]) => h("option", { value: key, selected: chosen.sort === key }, name));
  return h("div", { class: "field" }, h("label", { for: "filter-sort" }, "Order"), h("select", { id: "filter-sort", onchange: (event) => {
    chosen.sort = event.target.value;
    changed();
  } }, options));
}

/** After a filter was changed in the page: address and list follow. */
function changed() {
  history.replaceState(null, "", formatHash());
  drawFacets();
  drawList();
}
