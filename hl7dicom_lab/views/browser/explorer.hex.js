// The bytes of a data set: offset, hexadecimal and text; the pieces of the chosen element named above them.

const HEX_MOST = 768; // bytes of one value that are drawn at a time
const HEX_PAGE = 256; // bytes that PageUp and PageDown go
const PIECE_MOST = 8; // bytes of a piece that its legend repeats

class HexPane {
  constructor(bytes, lines, name, told) {
    Object.assign(this, { bytes, lines, told });
    this.across = told.across || 16; // bytes of a row
    this.chunks = bytes.chunks.map(([start, view]) => ({ start, end: start + view.byteLength, view }));
    this.caret = 0;
    this.chosen = -1;
    this.cells = new Map(); // of each drawn byte, by its offset: its code and its character
    this.box = bytesBox(name, told);
    this.legend = element("div", { className: "legend" });
    this.node = element("div", { className: "hexpane" }, this.legend, this.box);
    this.listen();
    this.draw(0, 256);
  }

  listen() {
    const { box, across } = this;
    box.addEventListener("click", (event) => {
      const at = offsetOf(event);
      if (at >= 0) this.go(at);
    });
    box.addEventListener("mouseover", (event) => {
      const at = offsetOf(event);
      if (at >= 0) this.told.near(lineAt(this.lines, at, at + 1));
    });
    const step = (by) => () => this.go(this.caret + by);
    onArrows(box, {
      ArrowRight: step(1), ArrowLeft: step(-1), ArrowDown: step(across), ArrowUp: step(-across),
      PageDown: step(HEX_PAGE), PageUp: step(-HEX_PAGE), Home: () => this.go(0), End: () => this.go(this.bytes.size - 1),
    });
  }

  byteAt(offset) {
    const chunk = this.chunks.find((one) => one.start <= offset && offset < one.end);
    return chunk ? chunk.view.getUint8(offset - chunk.start) : -1;
  }

  // The bytes that were sent of those from an offset on.
  known(offset, count) {
    return [...Array(count).keys()].map((place) => this.byteAt(offset + place)).filter((value) => value >= 0);
  }

  // Draw the rows around [start, end), of a long value the first ones.
  draw(start, end) {
    const from = Math.max(0, start - (start % 16) - 32);
    const until = Math.min(this.bytes.size, Math.min(end, start + HEX_MOST) + 48);
    const left = end - Math.min(end, start + HEX_MOST);
    this.cells = new Map();
    const drawn = [];
    for (let offset = from; offset < until; offset += this.across) {
      if (!this.known(offset, this.across).length) {
        drawn.push(textLine(`${hex8(offset)}  … not sent to the browser: the value is large`));
        break;
      }
      drawn.push(this.row(offset));
    }
    if (left > 0) drawn.push(textLine(`… ${left.toLocaleString("en")} more bytes of this value`));
    this.box.replaceChildren(...drawn);
  }

  row(offset) {
    const codes = element("span", { className: "codes" });
    const texts = element("span", { className: "texts" });
    for (let at = offset; at < Math.min(offset + this.across, this.bytes.size); at += 1) {
      const value = this.byteAt(at);
      const code = element("span", { textContent: value < 0 ? ".." : hex2(value) });
      const text = element("span", { textContent: value >= 0x20 && value < 0x7f ? String.fromCharCode(value) : "." });
      [code, text].forEach((made) => { made.dataset.offset = at; });
      this.cells.set(at, [code, text]);
      codes.append(code);
      texts.append(text);
    }
    return element("div", { className: "line hex" }, element("span", { className: "offset", textContent: hex8(offset) }), codes, texts);
  }

  mark(kind, start, end) {
    this.cells.forEach((made, at) => made.forEach((one) => one.classList.toggle(kind, start <= at && at < end)));
  }

  // What each piece of the chosen element is: its bytes, and words for them.
  explain(is) {
    if (!is) this.legend.replaceChildren("Not on this side.");
    else if (is.start < 0) this.legend.replaceChildren("This line has no bytes.");
    else if (!is.pieces.length) this.legend.replaceChildren("Choose an element, and its bytes are explained here.");
    else this.legend.replaceChildren(...this.parts(is));
    const value = is ? is.pieces.findIndex(([words]) => words === "value") : -1;
    const header = value < 0 ? 0 : is.pieces.slice(0, value).reduce((sum, [, size]) => sum + size, 0);
    this.mark("header", is ? is.start : 0, is ? is.start + header : 0);
  }

  // Where a piece begins, a stroke stands between the bytes.
  parts(is) {
    let next = is.start;
    return is.pieces.map(([words, size]) => {
      const at = next;
      next += size;
      if (this.cells.has(at)) this.cells.get(at)[0].classList.add("begins");
      const codes = this.known(at, Math.min(size, PIECE_MOST)).map(hex2).join(" ");
      const isLong = size > PIECE_MOST;
      return element("span", { className: "part" }, element("code", { textContent: isLong ? `${codes} …` : codes }),
        element("span", { textContent: isLong ? `${words}, ${size.toLocaleString("en")} bytes` : words }));
    });
  }

  show(line) {
    this.chosen = line;
    const is = this.lines[line];
    if (is && is.start >= 0) this.showBytes(is);
    else ["chosen", "begins"].forEach((kind) => this.mark(kind, 0, 0));
    this.explain(is);
    const seen = is && is.start >= 0 && this.cells.get(this.caret);
    if (seen) bringIn(this.box, seen[0].parentElement);
  }

  showBytes({ start, end }) {
    if (this.caret < start || this.caret >= end) this.caret = start;
    this.draw(Math.max(start, this.caret - 256), end);
    this.mark("chosen", start, end);
    this.mark("caret", this.caret, this.caret + 1);
  }

  near(line) {
    const is = this.lines[line];
    this.mark("near", is ? is.start : 0, is ? is.end : 0);
  }

  go(offset) {
    this.caret = Math.min(Math.max(offset, 0), this.bytes.size - 1);
    const line = lineAt(this.lines, this.caret, this.caret + 1);
    if (line >= 0) this.told.chosen(line, true);
    else this.show(this.chosen);
  }
}

function textLine(textContent) {
  return element("div", { className: "line", textContent });
}

function offsetOf({ target }) {
  return target.dataset && target.dataset.offset !== undefined ? Number(target.dataset.offset) : -1;
}

function hex2(value) {
  return value.toString(16).padStart(2, "0");
}

function hex8(offset) {
  return offset.toString(16).padStart(8, "0");
}
