// Source lines, evidence and traces.
function codeLine(line) {
  const parts = [];
  for (let at = 0; at < line.length; at += 2) {
    parts.push(line[at] ? h("span", { class: `t-${line[at]}` }, line[at + 1]) : line[at + 1]);
  }
  return h("code", null, parts);
}

/** Numbered lines; those that the other side does not have stand out. */
function codeBlock(side, other) {
  if (side.code.length === 0) return null;
  const known = other ? new Set(other.code.map((line) => lineText(line).trim())) : null;
  const first = side.line - side.above;
  const last = side.code.length - side.below;
  const left = side.end - side.line + 1 - (last - side.above);
  return h("pre", { class: "code" }, side.code.map((line, offset) => {
    const around = offset < side.above || offset >= last;
    const differs = known && !known.has(lineText(line).trim());
    return h("span", { class: `line${around ? " around" : ""}${differs ? " differs" : ""}` },
      h("span", { class: "number" }, first + offset), codeLine(line));
  }), left > 0 && h("span", { class: "line cut" }, h("span", { class: "number" }, "⋮"), h("code", null, counted(left, "more line"))));
}

const shortName = { api: "calls", to: "to", secrets: "secrets" };

/** What the finding says about the call; values that the other side does not have stand out. */
function evidence(side, other) {
  const row = (label, values, old, name) => values.length > 0 && [h("dt", null, label), h("dd", null,
    joined(values.map((value) => h("code", { class: `${name}${old && !old.includes(value) ? " differs" : ""}` }, value)), " "))];
  const pairs = (of) => of && of.details.map(([name, value]) => `${name}\n${value}`);
  const rows = [
    row(shortName.api, side.api ? [side.api] : [], other && [other.api], "api"),
    row(shortName.to, side.to, other && other.to, "host"),
    row(shortName.secrets, side.secrets, other && other.secrets, "secret"),
    ...side.details.map(([name, value]) => row(name, [value], other && (pairs(other).includes(`${name}\n${value}`) ? [value] : []), "detail")),
  ];
  return h("dl", { class: "evidence" }, rows.filter(Boolean));
}

/** Steps from source to sink; a step opens to the line it is about, where the report has that line. */
function trace(side, printed) {
  if (side.trace.length === 0) return null;
  const last = side.trace.length - 1;
  return h("div", { class: "trace" }, h("h4", null, `Trace, ${counted(side.trace.length, "step")}`),
    h("ol", null, side.trace.map(([path, line, text], at) => {
      if (line < 0) return h("li", { class: "between" }, text);
      const role = at === 0 ? "source" : at === last ? "sink" : "step";
      const code = lines.get(`${path}:${line}`);
      const head = [h("span", { class: `role ${role}` }, role), " ", text, " ", h("code", { class: "place" }, `${path}:${line}`)];
      const here = printed && path === side.path && line === side.line; // on paper its code stands right above
      if (!code || here) return h("li", null, h("div", { class: "step" }, head));
      return h("li", null, h("details", { class: "step", open: printed }, h("summary", null, head),
        h("pre", { class: "code" }, h("span", { class: "line" }, h("span", { class: "number" }, line), codeLine(code)))));
    })));
}
