// Why a worklist query finds what it finds: steps as rows, keys as columns. A chosen cell says its reason in a sentence.
// All of it stands in the state, so it needs no kernel.

const SIGNS = { "lets through": "✓", "keeps out": "✗", ignored: "–" };
const shortTable = 15; // rows that stand there whole; a longer table scrolls in its box
const MOVES = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  Home: [0, -Infinity], End: [0, Infinity], PageUp: [-10, 0], PageDown: [10, 0],
};

// Text that may go on in the next line at certain places.
function breakable(text, at) {
  return text.split(at).flatMap((part, place) => place ? [document.createElement("wbr"), part] : [part]);
}

// Text of others: in its own direction, broken after the signs that divide a name or a title.
function theirs(text, className = "value") {
  return element("span", { className, dir: "auto" }, ...breakable(text, /(?<=[_^=])(?=[^_^=])/));
}

// A keyword that may be broken between its words.
const keyword = (text) => breakable(text, /(?<=[a-z.])(?=[A-Z])/);

function list(lines, className) {
  return element("ul", { className }, ...lines.map((line) => element("li", { textContent: line, dir: "auto" })));
}

// A cell of the grid; `told` is what is said when it is chosen.
function cell(name, told, className, ...children) {
  const made = element(name, { className, tabIndex: -1 }, ...children);
  return { node: made, told };
}

function head(name, told) {
  const made = cell("th", told, "", name);
  made.node.scope = "col";
  return made;
}

function keyHead(key, number, total) {
  const bar = element("div", { className: "bar" });
  bar.setAttribute("aria-hidden", "true");
  const filled = element("div", { className: "filled" });
  filled.style.width = `${total ? (100 * key.passes) / total : 0}%`;
  bar.append(filled);
  const told = `${key.label} stands ${key.place} and asks for '${key.wanted}': ${key.counted}. Rule: ${key.rule}.`;
  const made = cell(
    "th", told, "key", element("div", { className: "label" }, `${number} `, ...keyword(key.label)),
    element("div", { className: "place", textContent: key.inStep ? "in the step" : "at the root" }), theirs(key.wanted, "value wanted"),
    ...(key.ignored ? [] : [bar]),
    element("div", { className: "counted", textContent: key.ignored ? key.counted : `${key.passes} of ${total}` }));
  made.node.scope = "col";
  made.node.title = told;
  return made;
}

function mark(one) {
  const sign = element("span", { className: "sign", textContent: SIGNS[one.mark] });
  sign.setAttribute("aria-hidden", "true");
  const className = one.mark.replace(" ", "-");
  const said = element("span", { className: "hl7dicom-read-out", textContent: `${one.mark}: ` });
  const found = element("span", {}, said, theirs(one.found || "no value"));
  return cell("td", one.sentence, className, element("div", { className: "marked" }, sign, found));
}

function row(step) {
  const who = cell(
    "th", `${step.patient || "no name"}, ${step.accession || "no accession number"}, ${step.start}: ${step.outcome}.`, "who",
    theirs(step.patient || "no name", "value name"), theirs(step.accession), element("span", { className: "start", textContent: step.start }));
  who.node.scope = "row";
  const sign = element("span", { className: "sign", textContent: step.onWorklist ? "✓" : "✗" });
  sign.setAttribute("aria-hidden", "true");
  const here = step.onWorklist ? "on the worklist: " : "not on the worklist: ";
  const status = cell(
    "td", step.statusSentence, step.onWorklist ? "status lets-through" : "status keeps-out", element("div", { className: "marked" }, sign,
      element("span", {}, element("span", { className: "hl7dicom-read-out", textContent: here }), step.status)));
  const outcome = cell("td", `${step.accession}: ${step.outcome}.`, step.answers ? "outcome answers" : "outcome", step.shortOutcome.replaceAll(", ", ",\u00a0"));
  return [who, outcome, status, ...step.cells.map(mark)];
}

// The cells in rows and columns, one of them in the tab order; what is chosen goes to `tell`.
function grid(state, tell) {
  const header = [
    head("Patient", "The steps on the order book: those that answer first, then those that the fewest keys keep out."),
    head("Outcome", "A step answers when it is on the worklist and fits every key. The numbers are those of the keys in the columns."),
    head("Status", "A step that is completed, canceled or discontinued has left the worklist: no query finds it."),
    ...state.keys.map((key, place) => keyHead(key, place + 1, state.total)),
  ];
  const rows = [header, ...state.steps.map(row)];
  const lines = rows.map((cells, place) => {
    const line = element("tr", { className: place && state.steps[place - 1].answers ? "answering" : "" }, ...cells.map((one) => one.node));
    line.setAttribute("aria-rowindex", String(place + 1));
    return line;
  });
  const table = element(
    "table", {}, element("caption", { className: "hl7dicom-read-out", textContent: "Steps and keys" }),
    element("thead", {}, lines[0]), element("tbody", {}, ...lines.slice(1)));
  table.setAttribute("role", "grid");
  table.setAttribute("aria-readonly", "true");
  let at = [0, 0];
  rows[0][0].node.tabIndex = 0;
  rows.forEach((cells) => cells.slice(1).forEach((one) => { if (one.node.tagName === "TD") one.node.setAttribute("role", "gridcell"); }));
  function choose(line, column) {
    const next = [Math.max(0, Math.min(rows.length - 1, line)), Math.max(0, Math.min(header.length - 1, column))];
    const before = rows[at[0]][at[1]].node;
    before.tabIndex = -1;
    before.classList.remove("chosen");
    at = next;
    const now = rows[at[0]][at[1]];
    now.node.tabIndex = 0;
    now.node.classList.add("chosen");
    tell(now.told);
    return now.node;
  }
  table.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (!move || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const all = event.ctrlKey && !move[0];
    choose(all ? (move[1] < 0 ? 0 : rows.length) : at[0] + move[0], at[1] + move[1]).focus();
  });
  table.addEventListener("focusin", (event) => {
    const node = event.target.closest("th, td");
    const line = rows.findIndex((cells) => cells.some((one) => one.node === node));
    if (line >= 0) choose(line, rows[line].findIndex((one) => one.node === node));
  });
  return table;
}

function render({ model, el }) {
  begin(el, "query_explanation");
  const state = model.get("state");
  const parts = [element("p", { className: state.refused ? "headline refused" : "headline", textContent: state.headline })];
  if (state.findings.length) parts.push(list(state.findings, "findings"));
  if (state.notes.length) parts.push(element("p", { className: "about", textContent: "About the query" }), list(state.notes, "notes"));
  if (state.steps.length) {
    const told = element("div", { className: "told", dir: "auto" });
    told.setAttribute("role", "status");
    told.textContent = "Choose a cell to read its reason: by a click, or with Tab and the arrow keys.";
    const box = element("div", { className: state.steps.length > shortTable ? "box long" : "box" }, grid(state, (text) => { told.textContent = text; }));
    box.setAttribute("role", "group"); // no region: landmarks of a page must not share a name, and a notebook has many
    box.setAttribute("aria-label", "Steps and keys");
    const about = "Each step on the order book, and what each key of the query says to it. The bar of a key shows how many steps it lets through.";
    parts.push(element("p", { className: "legend", textContent: about }), box, told, element("p", { className: "legend", textContent: state.legend }));
  }
  if (state.notShown) parts.push(element("p", { className: "legend", textContent: state.notShown }));
  if (state.withoutValue.length) {
    parts.push(element(
      "details", {}, element("summary", { textContent: state.returned }),
      element("p", { className: "names", textContent: state.withoutValue.join(", ") })));
  }
  el.replaceChildren(...parts);
}

export default { render };
