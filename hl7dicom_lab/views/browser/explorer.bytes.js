// The bytes of one side: as characters with a segment a row, or as offset, hexadecimal and text.

const ROWS_AROUND = 40; // of a long message, before and after the chosen segment

// Each kind gives back { node, show(line), near(line) }; `told.chosen(line)` and `told.near(line)` are called by it.
function bytesPane(side, lines, name, told) {
  if (side.bytes.as === "text") return textPane(side.bytes, lines, name, told);
  if (side.bytes.as === "hex") return hexPane(side.bytes, lines, name, told);
  const node = element("p", { className: "none", textContent: "There are no bytes to show: this was made in memory and has not been written yet." });
  return { node, show: () => {}, near: () => {} };
}

function bytesBox(name, told) {
  const node = element("div", { className: "bytes", tabIndex: 0 });
  node.setAttribute("role", "group"); // no landmark: a notebook may hold many of them, all with this name
  node.setAttribute("aria-label", `${name}. Arrow keys move through the bytes.`);
  node.addEventListener("mouseleave", () => told.near(-1));
  return node;
}

// Scroll a box, and never the page, to something in it.
function bringIn(box, inside) {
  const [outer, inner] = [box.getBoundingClientRect(), inside.getBoundingClientRect()];
  if (inner.top < outer.top) box.scrollTop -= outer.top - inner.top + 4;
  else if (inner.bottom > outer.bottom) box.scrollTop += Math.min(inner.bottom - outer.bottom + 4, inner.top - outer.top);
}

// The deepest line that holds all of [start, end).
function lineAt(lines, start, end) {
  let found = -1;
  lines.forEach((line, place) => {
    if (line.start >= 0 && line.start <= start && end <= line.end && (found < 0 || line.depth >= lines[found].depth)) found = place;
  });
  return found;
}

function onArrows(node, moves) {
  node.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Tab") return;
    event.stopPropagation();
    if (!moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
  });
}

function textPane(bytes, lines, name, told) {
  const box = bytesBox(name, told);
  const starts = bytes.rows.map(([start]) => start);
  let [first, last] = [0, 0];
  let pieces = [];
  let chosen = -1;

  function rowOf(offset) {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (starts[middle] <= offset) low = middle; else high = middle - 1;
    }
    return low;
  }
  function more(count, where, row) {
    if (count <= 0) return [];
    const text = `${count.toLocaleString("en")} more ${where}`;
    return [element("button", { type: "button", className: "more", textContent: text, onclick: () => { draw(row); mark(); } })];
  }
  function draw(row) {
    first = Math.max(0, row - ROWS_AROUND);
    last = Math.min(starts.length, row + ROWS_AROUND);
    pieces = [];
    const drawn = bytes.rows.slice(first, last).map(([start, parts]) => {
      const line = element("div", { className: "line" });
      let at = start;
      parts.forEach(([owner, text, size]) => {
        const made = element("span", { className: owner < 0 ? "between" : "value" });
        made.append(...controls(text));
        made.dataset.piece = pieces.length;
        pieces.push({ made, owner, start: at, end: at + size });
        at += size;
        line.append(made);
      });
      return line;
    });
    box.replaceChildren(...more(first, "before", Math.max(0, first - ROWS_AROUND)), ...drawn, ...more(starts.length - last, "after", last + ROWS_AROUND));
  }
  function within(piece, line) {
    return line && line.start >= 0 && line.start <= piece.start && piece.end <= line.end;
  }
  function mark() {
    pieces.forEach((piece) => piece.made.classList.toggle("chosen", Boolean(within(piece, lines[chosen]))));
  }
  function show(line) {
    chosen = line;
    const at = lines[line] && lines[line].start >= 0 ? rowOf(lines[line].start) : -1;
    if (at >= 0 && (at < first || at >= last)) draw(at);
    mark();
    const found = pieces.find((piece) => within(piece, lines[line]));
    if (found) bringIn(box, found.made);
  }
  function near(line) {
    pieces.forEach((piece) => piece.made.classList.toggle("near", Boolean(within(piece, lines[line]))));
  }
  function pieceOf(event) {
    const found = event.target.closest("[data-piece]");
    return found ? pieces[Number(found.dataset.piece)] : null;
  }
  function owner(piece) {
    return piece.owner >= 0 ? piece.owner : lineAt(lines, piece.start, piece.end);
  }
  function step(by) {
    const values = pieces.filter((piece) => piece.owner >= 0);
    const from = lines[chosen] ? lines[chosen].start : 0;
    const at = values.findIndex((piece) => piece.start >= from);
    const inner = by > 0 && values[at] && values[at].owner !== chosen ? 0 : by; // into a field before past it
    const next = values[at < 0 ? values.length - 1 : Math.min(Math.max(at + inner, 0), values.length - 1)];
    if (next) told.chosen(next.owner, true);
  }
  function stepRow(by) {
    const row = rowOf(lines[chosen] ? Math.max(lines[chosen].start, 0) : 0);
    const found = bytes.rows[Math.min(Math.max(row + by, 0), starts.length - 1)];
    const line = lineAt(lines, found[0] + 1, found[0] + 2);
    if (line >= 0) told.chosen(line, true);
  }
  box.addEventListener("click", (event) => { const piece = pieceOf(event); if (piece && owner(piece) >= 0) told.chosen(owner(piece)); });
  box.addEventListener("mouseover", (event) => { const piece = pieceOf(event); if (piece) told.near(owner(piece)); });
  onArrows(box, { ArrowRight: () => step(1), ArrowLeft: () => step(-1), ArrowDown: () => stepRow(1), ArrowUp: () => stepRow(-1), Home: () => stepRow(-starts.length), End: () => stepRow(starts.length) });
  draw(0);
  return { node: box, show, near };
}

// Text with its control characters by name. They come as U+2400 and on, which not every font can draw.
const CONTROLS = "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US SP DEL".split(" ");

function controls(text) {
  return text.split(/([␀-␡])/).filter(Boolean).map((part) => {
    const code = part.length === 1 ? part.charCodeAt(0) - 0x2400 : -1;
    return CONTROLS[code] ? element("b", { className: "control", textContent: CONTROLS[code] }) : part;
  });
}
