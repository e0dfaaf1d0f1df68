// The explorer: a tree beside its bytes, of a message or of a data set, of one or of two side by side. It needs no kernel.

function columnsOf(state) {
  const [label, name, ...rest] = state.sides[0].headings;
  const first = [
    { kind: "label", title: label, text: (row) => row.label },
    { kind: "name", title: "Name", text: (row) => row.name },
  ];
  if (state.sides.length === 2) {
    const mark = { kind: "mark", title: "Compared", text: compared };
    const values = ["Left", "Right"].map((title, side) => ({ kind: "value", title, text: (row) => row.values[side] }));
    return [...first, mark, ...values];
  }
  const facts = rest.slice(0, -1).map((title, place) => (
    { kind: `fact ${title.toLowerCase()}`, title, text: (row) => row.facts[place] || "" }));
  const note = state.sides[0].lines.some((line) => lineOf(line).note) ? [{ kind: "note", title: "Note", text: (row) => row.note }] : [];
  return [...first, ...facts, { kind: "value", title: "Value", text: (row) => row.values[0] }, ...note];
}

function compared(row) {
  return `${SIGNS[row.mark]} ${row.mark === "different" ? "differs" : row.mark}`;
}

// The title, what one wants to know first, what is odd.
function heading(head) {
  const title = element("p", { className: "title" }, element("strong", { textContent: head.title }));
  const facts = element("dl", {}, ...head.summary.map(([name, value]) => {
    const said = element("dd", { dir: "auto" }, ...controls(value));
    return element("div", {}, element("dt", { textContent: name }), said);
  }));
  const odd = head.remarks.map((remark) => element("li", {}, ...controls(`! ${remark}`)));
  return element("div", { className: "about" }, title, facts, ...(odd.length ? [element("ul", {}, ...odd)] : []));
}

function leftOut(side) {
  return element("p", { textContent: `${side.more.toLocaleString("en")} more lines are not shown.` });
}

function toggleBox(text, checked, changed) {
  const input = element("input", { type: "checkbox", checked });
  input.onchange = () => changed(input.checked);
  return element("label", { className: "toggle" }, input, text);
}

function button(text, onclick, label = text) {
  return element("button", { type: "button", textContent: text, ariaLabel: label, title: label === text ? "" : label, onclick });
}

// A value with its control characters by name, line breaks as lines.
function longText(value) {
  const made = element("pre", { dir: "auto", tabIndex: value.length > 300 || value.split("␊").length > 5 ? 0 : -1 });
  value.split("␊").forEach((line, place) => made.append(...(place ? ["\n"] : []), ...controls(line)));
  return made;
}

// Everything about the chosen row, with nothing cut.
function detail(state, row) {
  const made = element("div", { className: "detail" });
  if (!row) { made.append(element("p", { textContent: "Choose a line to see all of it." })); return made; }
  const values = row.values.some(Boolean) ? row.values.map((value) => longText(value)) : [];
  const title = element("p", { className: "what" }, element("code", { textContent: row.way || row.label }), ` ${row.name} `);
  const facts = state.sides[0].headings.slice(2, -1).map((name, place) => row.facts[place] ? `${name} ${row.facts[place]}` : "");
  const place = row.start >= 0 ? `bytes ${row.start.toLocaleString("en")} to ${(row.end - 1).toLocaleString("en")}` : "";
  const said = [...facts, state.sides.length === 1 ? place : row.mark && compared(row)].filter(Boolean).join(", ");
  title.append(element("span", { textContent: said && `(${said})` }));
  made.append(title, element("div", { className: "values" }, ...values));
  if (row.about) made.append(element("p", { className: "meaning", dir: "auto" }, ...controls(row.about)));
  if (row.note) made.append(element("p", { className: "note", textContent: row.note }));
  return made;
}

// The chosen segment as it was sent, with the number of each field above its separator.
function ruler(side, lines, place, told) {
  const node = element("div", { className: "ruler" });
  let top = place;
  while (top > 0 && lines[top].depth > 0) top -= 1;
  const line = lines[top];
  if (side.bytes.as !== "text" || !line || line.start < 0 || line.label.startsWith("line ")) return node;
  const cells = new FieldCells(side.bytes, lines, top).all;
  node.append(...cells.slice(0, 120).map((cell) => rulerField(cell, lines, lines[place], told)));
  return node;
}

function rulerField(cell, lines, chosen, told) {
  const number = element("span", { className: "number", textContent: cell.number || " " });
  const text = cell.text.length > 60 ? `${cell.text.slice(0, 60)}…` : cell.text;
  const made = element("span", { className: "field" }, number, element("span", { className: "text" }, ...controls(text)));
  if (cell.line < 0) return made;
  const is = lines[cell.line];
  made.onclick = () => told.chosen(cell.line);
  made.onmouseenter = () => told.near(cell.line);
  made.onmouseleave = () => told.near(-1);
  made.classList.toggle("chosen", chosen.start >= is.start && chosen.end <= is.end);
  return made;
}

// The fields of a segment line: what stands between the fields begins with the separator of the next one.
class FieldCells {
  constructor(bytes, lines, top) {
    this.lines = lines;
    this.segment = lines[top];
    this.all = [{ number: 0, line: -1, text: "" }]; // the first one: the name of the segment
    this.sign = ""; // the field separator, when it has been met
    this.fill(bytes.rows, fieldsOf(lines, top));
  }

  fill(rows, fields) {
    const [begin, parts] = rows.find(([start], place) => {
      const next = rows[place + 1];
      return start <= this.segment.start && (!next || next[0] > this.segment.start);
    });
    let at = begin;
    parts.forEach(([, text, size]) => {
      const field = fields.find((place) => this.lines[place].start <= at && at + size <= this.lines[place].end);
      const nameEnd = this.segment.label.replace(/\[.*/, "").length + parts[0][1].search(/[A-Za-z]/);
      if (field === undefined) [...text].forEach((letter) => this.addBetween(letter, nameEnd));
      else this.addField(field, text);
      at += size;
    });
  }

  get last() { return this.all[this.all.length - 1]; }

  addField(line, text) {
    const number = Number(/-(\d+)$/.exec(this.lines[line].label)[1]);
    if (this.last.number !== number) this.all.push({ number, line: -1, text: "" });
    Object.assign(this.last, { line, text: this.last.text + text });
    if (number === 1 && /^(MSH|FHS|BHS)/.test(this.segment.label)) this.sign = text; // field 1 of a header is the separator
  }

  addBetween(letter, nameEnd) {
    if (!this.sign && this.all.length === 1 && this.last.text.length >= nameEnd) this.sign = letter;
    if (letter === this.sign) this.all.push({ number: this.last.number + 1, line: -1, text: letter });
    else this.last.text += letter;
  }
}

function fieldsOf(lines, top) {
  const fields = [];
  for (let at = top + 1; at < lines.length && lines[at].depth > 0; at += 1) {
    if (lines[at].depth === 1 && lines[at].start >= 0) fields.push(at);
  }
  return fields;
}

class Explorer {
  constructor(state, el) {
    this.state = state;
    this.two = state.sides.length === 2;
    Object.assign(this, readRows(state)); // lines and rows
    this.tree = outline(this.rows);
    this.rowOf = state.sides.map((_, side) => new Map(this.rows.map((row, place) => [row.places[side], place])));
    this.differing = this.rows.flatMap((row, place) => (row.counts ? [place] : []));
    this.tree.wanted.differences = this.two && this.differsLittle();
    this.build(el);
    if (this.rows.length) {
      this.refresh();
      this.choose(this.two && this.differing.length ? this.differing[0] : 0);
    }
    this.watcher = new ResizeObserver(() => this.grid.draw());
    this.watcher.observe(this.grid.node);
  }

  // Whether most of what is compared is the same, so that the differences alone are worth seeing.
  differsLittle() {
    const leaves = this.rows.filter((_, place) => !this.tree.hasParts[place]).length;
    return this.differing.length > 0 && this.differing.length * 2 < leaves;
  }

  build(el) {
    const { state, two } = this;
    const [{ noun }] = state.sides;
    this.told = {
      chosen: (place, aloud) => this.choose(place, aloud),
      near: (place) => this.showNear(place),
      folded: () => this.tellCount(),
    };
    this.grid = new TreeGrid(this.tree, columnsOf(state), two ? `Two ${noun}s, line by line` : `The ${noun} as a tree`, this.told);
    this.names = two ? ["Bytes of the left one", "Bytes of the right one"] : [`Bytes of the ${noun}`];
    this.panes = state.sides.map((side, number) => this.pane(side, number));
    this.below = element("div", { className: "below" });
    this.news = announcer();
    const abouts = [...state.heads.map(heading), ...state.sides.filter((side) => side.more).map(leftOut)];
    const difference = element("p", { className: "difference" }, element("strong", { textContent: state.difference }));
    const raw = this.panes.map((pane, number) =>
      element("div", {}, element("p", { className: "caption", textContent: this.names[number] }), pane.node));
    const beside = (nodes) => element("div", { className: two ? "sides" : "side" }, ...nodes);
    el.replaceChildren(beside(abouts), ...(two ? [difference] : []), this.bar(), this.grid.node, this.below, beside(raw), this.news);
  }

  // The bytes of one side: they know its lines, the tree knows the rows.
  pane(side, number) {
    const rowOf = this.rowOf[number];
    return bytesPane(side, this.lines[number], this.names[number], {
      chosen: (line, aloud) => { if (rowOf.has(line)) this.choose(rowOf.get(line), aloud); },
      near: (line) => this.showNear(line < 0 ? -1 : rowOf.get(line) ?? -1),
      across: this.two ? 8 : 16,
    });
  }

  bar() {
    const { two, tree } = this;
    this.count = element("span", { className: "count" });
    this.find = this.findField();
    this.only = toggleBox("Differences only", tree.wanted.differences, (value) => this.want("differences", value));
    const empty = toggleBox("Show empty fields", false, (value) => this.want("empty", value));
    const differences = [
      this.only,
      button("◂ Previous", () => this.toDifference(-1), "Previous difference"),
      button("Next ▸", () => this.toDifference(1), "Next difference"),
    ];
    return element("div", { className: "bar" },
      element("label", { className: "find" }, "Find", this.find),
      button("Open all", () => this.openAll(true)),
      button("Close all", () => this.openAll(false)),
      ...(two ? differences : []),
      ...(!two && this.rows.some((row) => row.empty) ? [empty] : []),
      this.count);
  }

  findField() {
    const find = element("input", { type: "search", placeholder: this.two ? "a name or a value" : "PID-3, or a name, or a value" });
    if (this.state.sides[0].bytes.as !== "text") find.placeholder = "a tag, a name, or a value";
    find.oninput = () => this.look();
    find.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key !== "Escape") return;
      find.value = "";
      this.look();
    };
    return find;
  }

  look() {
    this.want("text", this.find.value.trim().toLowerCase());
    this.news.textContent = this.count.textContent;
  }

  want(what, value) {
    this.tree.wanted[what] = value;
    this.refresh();
  }

  openAll(value) {
    this.tree.setAll(value);
    this.refresh();
  }

  tellCount() {
    const seen = this.grid.shown.length;
    const all = this.rows.filter((row) => !row.empty || this.tree.wanted.empty).length;
    this.count.textContent = `${seen.toLocaleString("en")} of ${all.toLocaleString("en")} lines shown`;
  }

  refresh() {
    const { grid } = this;
    const { chosen } = grid;
    grid.refresh();
    if (chosen >= 0 && grid.shown.includes(chosen)) grid.choose(chosen);
    this.tellCount();
  }

  choose(place, aloud) {
    const row = this.rows[place];
    this.tree.reveal(place);
    if (row.empty && !this.tree.wanted.empty) return;
    this.unhide(place);
    this.grid.choose(place);
    this.tellCount();
    this.panes.forEach((pane, side) => pane.show(row.places[side]));
    const strip = this.two ? [] : [ruler(this.state.sides[0], this.lines[0], row.places[0], this.told)];
    this.below.replaceChildren(detail(this.state, row), ...strip);
    if (aloud) this.news.textContent = `${row.label} ${row.name} ${row.values.join(", ").slice(0, 100)}`;
  }

  // What hides a row is no longer wanted.
  unhide(place) {
    const { wanted } = this.tree;
    if (wanted.differences && this.rows[place].mark === "same") {
      wanted.differences = false;
      this.only.querySelector("input").checked = false;
    }
    this.grid.refresh();
    if (this.grid.shown.includes(place)) return;
    this.find.value = "";
    wanted.text = "";
    this.grid.refresh();
  }

  showNear(place) {
    this.grid.showNear(place);
    this.panes.forEach((pane, side) => pane.near(place < 0 ? -1 : this.rows[place].places[side]));
  }

  toDifference(by) {
    const at = this.grid.chosen;
    const order = by > 0 ? this.differing : [...this.differing].reverse();
    const found = order.find((place) => (by > 0 ? place > at : place < at)) ?? order[0]; // after the last the first
    if (found !== undefined) this.choose(found, true);
  }

  leave() {
    this.watcher.disconnect();
  }
}

function render({ model, el }) {
  begin(el, "explorer");
  const explorer = new Explorer(model.get("state"), el);
  return () => explorer.leave();
}

export default { render };
