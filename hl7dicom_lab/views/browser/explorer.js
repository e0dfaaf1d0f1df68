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
  const facts = rest.slice(0, -1).map((title, place) => ({ kind: `fact ${title.toLowerCase()}`, title, text: (row) => row.facts[place] || "" }));
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
  const cells = fieldCells(side.bytes, lines, top);
  node.append(...cells.slice(0, 120).map((cell) => {
    const number = element("span", { className: "number", textContent: cell.number || " " });
    const text = element("span", { className: "text" });
    text.append(...controls(cell.text.length > 60 ? `${cell.text.slice(0, 60)}…` : cell.text));
    const made = element("span", { className: "field" }, number, text);
    if (cell.line >= 0) {
      made.onclick = () => told.chosen(cell.line);
      made.onmouseenter = () => told.near(cell.line);
      made.onmouseleave = () => told.near(-1);
      made.classList.toggle("chosen", lines[place].start >= lines[cell.line].start && lines[place].end <= lines[cell.line].end);
    }
    return made;
  }));
  return node;
}

// The fields of a segment line: what stands between the fields begins with the separator of the next one.
function fieldCells(bytes, lines, top) {
  const segment = lines[top];
  const fields = [];
  for (let at = top + 1; at < lines.length && lines[at].depth > 0; at += 1) {
    if (lines[at].depth === 1 && lines[at].start >= 0) fields.push(at);
  }
  const row = bytes.rows.find(([start], place) => start <= segment.start && (!bytes.rows[place + 1] || bytes.rows[place + 1][0] > segment.start));
  const cells = [{ number: 0, line: -1, text: "" }];
  let at = row[0];
  let sign = "";
  row[1].forEach(([, text, size]) => {
    const field = fields.find((place) => lines[place].start <= at && at + size <= lines[place].end);
    const number = field === undefined ? 0 : Number(/-(\d+)$/.exec(lines[field].label)[1]);
    if (number && cells[cells.length - 1].number !== number) cells.push({ number, line: -1, text: "" });
    if (number) {
      const cell = cells[cells.length - 1];
      Object.assign(cell, { line: field, text: cell.text + text });
      if (number === 1 && /^(MSH|FHS|BHS)/.test(segment.label)) sign = text;
    } else {
      [...text].forEach((letter, place) => {
        const letters = cells.length === 1 ? cells[0].text.length : 0;
        if (!sign && cells.length === 1 && letters >= segment.label.replace(/\[.*/, "").length + row[1][0][1].search(/[A-Za-z]/)) sign = letter;
        if (letter === sign) cells.push({ number: cells[cells.length - 1].number + 1, line: -1, text: letter });
        else cells[cells.length - 1].text += letter;
      });
    }
    at += size;
  });
  return cells;
}

function render({ model, el }) {
  begin(el, "explorer");
  const state = model.get("state");
  const two = state.sides.length === 2;
  const { lines, rows } = readRows(state);
  const tree = outline(rows);
  const news = announcer();
  const count = element("span", { className: "count" });
  const below = element("div", { className: "below" });
  const rowOf = state.sides.map((_, side) => new Map(rows.map((row, place) => [row.places[side], place])));
  const differing = rows.map((row, place) => (row.counts ? place : -1)).filter((place) => place >= 0);
  tree.wanted.differences = two && differing.length > 0 && differing.length * 2 < rows.filter((_, place) => !tree.hasParts[place]).length;

  const told = { chosen: choose, near: showNear, folded: counted };
  const grid = treeGrid(tree, columnsOf(state), two ? `Two ${state.sides[0].noun}s, line by line` : `The ${state.sides[0].noun} as a tree`, told);
  const names = two ? ["Bytes of the left one", "Bytes of the right one"] : [`Bytes of the ${state.sides[0].noun}`];
  const panes = state.sides.map((side, number) => bytesPane(side, lines[number], names[number], {
    chosen: (line, aloud) => { const place = rowOf[number].get(line); if (place !== undefined) choose(place, aloud); },
    near: (line) => showNear(line < 0 ? -1 : rowOf[number].get(line) ?? -1),
    across: two ? 8 : 16,
  }));

  function counted() {
    const seen = grid.shown().length;
    const all = rows.filter((row) => !row.empty || tree.wanted.empty).length;
    count.textContent = `${seen.toLocaleString("en")} of ${all.toLocaleString("en")} lines shown`;
  }
  function refresh() {
    const chosen = grid.chosen();
    grid.refresh();
    if (chosen >= 0 && grid.shown().includes(chosen)) grid.choose(chosen);
    counted();
  }
  function choose(place, aloud) {
    tree.reveal(place);
    const row = rows[place];
    if (row.empty && !tree.wanted.empty) return;
    if (tree.wanted.differences && row.mark === "same") { tree.wanted.differences = false; only.querySelector("input").checked = false; }
    grid.refresh();
    if (!grid.shown().includes(place)) { find.value = ""; tree.wanted.text = ""; grid.refresh(); }
    grid.choose(place);
    counted();
    panes.forEach((pane, side) => pane.show(row.places[side]));
    const strip = two ? [] : [ruler(state.sides[0], lines[0], row.places[0], told)];
    below.replaceChildren(detail(state, row), ...strip);
    if (aloud) news.textContent = `${row.label} ${row.name} ${row.values.join(", ").slice(0, 100)}`;
  }
  function showNear(place) {
    grid.showNear(place);
    panes.forEach((pane, side) => pane.near(place < 0 ? -1 : rows[place].places[side]));
  }
  function toDifference(by) {
    const at = grid.chosen();
    const order = by > 0 ? differing : [...differing].reverse();
    const found = order.find((place) => (by > 0 ? place > at : place < at)) ?? order[0];
    if (found !== undefined) choose(found, true);
  }

  const find = element("input", { type: "search", placeholder: two ? "a name or a value" : "PID-3, or a name, or a value" });
  if (state.sides[0].bytes.as !== "text") find.placeholder = "a tag, a name, or a value";
  find.oninput = () => { tree.wanted.text = find.value.trim().toLowerCase(); refresh(); news.textContent = count.textContent; };
  find.onkeydown = (event) => { if (event.key === "Escape") { find.value = ""; find.oninput(); } event.stopPropagation(); };
  const only = toggleBox("Differences only", tree.wanted.differences, (value) => { tree.wanted.differences = value; refresh(); });
  const empty = toggleBox("Show empty fields", false, (value) => { tree.wanted.empty = value; refresh(); });
  const bar = element(
    "div", { className: "bar" },
    element("label", { className: "find" }, "Find", find),
    button("Open all", () => { tree.setAll(true); refresh(); }),
    button("Close all", () => { tree.setAll(false); refresh(); }),
    ...(two ? [only, button("◂ Previous", () => toDifference(-1), "Previous difference"), button("Next ▸", () => toDifference(1), "Next difference")] : []),
    ...(!two && rows.some((row) => row.empty) ? [empty] : []),
    count,
  );
  const abouts = [...state.heads.map(heading), ...state.sides.filter((side) => side.more).map(leftOut)];
  const raw = panes.map((pane, number) => element("div", {}, element("p", { className: "caption", textContent: names[number] }), pane.node));
  el.replaceChildren(
    element("div", { className: two ? "sides" : "side" }, ...abouts),
    ...(two ? [element("p", { className: "difference" }, element("strong", { textContent: state.difference }))] : []),
    bar, grid.node, below, element("div", { className: two ? "sides" : "side" }, ...raw), news,
  );
  if (rows.length) {
    refresh();
    choose(two && differing.length ? differing[0] : 0);
  }
  const watcher = new ResizeObserver(() => grid.draw());
  watcher.observe(grid.node);
  return () => watcher.disconnect();
}

export default { render };
