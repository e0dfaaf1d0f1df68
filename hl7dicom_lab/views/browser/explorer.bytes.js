// The bytes of one side: as characters with a segment a row, or as offset, hexadecimal and text.

const ROWS_AROUND = 40; // of a long message, before and after the chosen segment

// Each kind gives back { node, show(line), near(line) }; `told.chosen(line)` and `told.near(line)` are called by it.
function bytesPane(side, lines, name, told) {
  if (side.bytes.as === "text") return new TextPane(side.bytes, lines, name, told);
  if (side.bytes.as === "hex") return new HexPane(side.bytes, lines, name, told);
  const textContent = "There are no bytes to show: this was made in memory and has not been written yet.";
  const node = element("p", { className: "none", textContent });
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

class TextPane {
  constructor(bytes, lines, name, told) {
    Object.assign(this, { bytes, lines, told });
    this.starts = bytes.rows.map(([start]) => start);
    this.pieces = []; // what is drawn: { made, owner, start, end }
    this.chosen = -1;
    this.node = bytesBox(name, told);
    this.listen();
    this.draw(0);
  }

  listen() {
    const { node, starts } = this;
    node.addEventListener("click", (event) => {
      const owner = this.ownerAt(event);
      if (owner >= 0) this.told.chosen(owner);
    });
    node.addEventListener("mouseover", (event) => {
      if (this.pieceOf(event)) this.told.near(this.ownerAt(event));
    });
    const row = (by) => () => this.stepRow(by);
    onArrows(node, {
      ArrowRight: () => this.step(1), ArrowLeft: () => this.step(-1),
      ArrowDown: row(1), ArrowUp: row(-1), Home: row(-starts.length), End: row(starts.length),
    });
  }

  rowOf(offset) {
    let [low, high] = [0, this.starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  // Draw the rows around one, and buttons for those before and after.
  draw(row) {
    const count = this.starts.length;
    this.first = Math.max(0, row - ROWS_AROUND);
    this.last = Math.min(count, row + ROWS_AROUND);
    this.pieces = [];
    const drawn = this.bytes.rows.slice(this.first, this.last).map(([start, parts]) => this.row(start, parts));
    const before = this.more(this.first, "before", Math.max(0, this.first - ROWS_AROUND));
    const after = this.more(count - this.last, "after", this.last + ROWS_AROUND);
    this.node.replaceChildren(...before, ...drawn, ...after);
  }

  row(start, parts) {
    let at = start;
    return element("div", { className: "line" }, ...parts.map(([owner, text, size]) => {
      const made = element("span", { className: owner < 0 ? "between" : "value" }, ...controls(text));
      made.dataset.piece = this.pieces.length;
      this.pieces.push({ made, owner, start: at, end: at + size });
      at += size;
      return made;
    }));
  }

  more(count, where, row) {
    if (count <= 0) return [];
    const onclick = () => {
      this.draw(row);
      this.mark("chosen", this.chosen);
    };
    const textContent = `${count.toLocaleString("en")} more ${where}`;
    return [element("button", { type: "button", className: "more", textContent, onclick })];
  }

  mark(kind, line) {
    this.pieces.forEach((piece) => piece.made.classList.toggle(kind, this.within(piece, line)));
  }

  within(piece, line) {
    const is = this.lines[line];
    return Boolean(is && is.start >= 0 && is.start <= piece.start && piece.end <= is.end);
  }

  show(line) {
    this.chosen = line;
    const is = this.lines[line];
    const at = is && is.start >= 0 ? this.rowOf(is.start) : -1;
    if (at >= 0 && (at < this.first || at >= this.last)) this.draw(at);
    this.mark("chosen", line);
    const found = this.pieces.find((piece) => this.within(piece, line));
    if (found) bringIn(this.node, found.made);
  }

  near(line) {
    this.mark("near", line);
  }

  pieceOf(event) {
    const found = event.target.closest("[data-piece]");
    return found ? this.pieces[Number(found.dataset.piece)] : null;
  }

  // The line of what was pointed at: its own, or for a separator the one that it stands in.
  ownerAt(event) {
    const piece = this.pieceOf(event);
    if (!piece) return -1;
    return piece.owner >= 0 ? piece.owner : lineAt(this.lines, piece.start, piece.end);
  }

  step(by) {
    const values = this.pieces.filter((piece) => piece.owner >= 0);
    const is = this.lines[this.chosen];
    const at = values.findIndex((piece) => piece.start >= (is ? is.start : 0));
    const inner = by > 0 && values[at] && values[at].owner !== this.chosen ? 0 : by; // into a field before past it
    const next = values[at < 0 ? values.length - 1 : Math.min(Math.max(at + inner, 0), values.length - 1)];
    if (next) this.told.chosen(next.owner, true);
  }

  stepRow(by) {
    const is = this.lines[this.chosen];
    const row = this.rowOf(is ? Math.max(is.start, 0) : 0);
    const [start] = this.bytes.rows[Math.min(Math.max(row + by, 0), this.starts.length - 1)];
    const line = lineAt(this.lines, start + 1, start + 2);
    if (line >= 0) this.told.chosen(line, true);
  }
}

// Text with its control characters by name. They come as U+2400 and on, which not every font can draw.
const CONTROLS = ("NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI "
  + "DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US SP DEL").split(" ");

function controls(text) {
  return text.split(/([␀-␡])/).filter(Boolean).map((part) => {
    const code = part.length === 1 ? part.charCodeAt(0) - 0x2400 : -1;
    return CONTROLS[code] ? element("b", { className: "control", textContent: CONTROLS[code] }) : part;
  });
}
