// One image of a series on a canvas: drawn, scrolled, windowed, zoomed, moved; with the letters that say how it lies, a
// scale, and whose it is.

const PLAIN = (number) => Number(number.toPrecision(7)).toString();
const STEP_OF_WHEEL = 60; // pixels of scrolling for one image; a notch of a mouse wheel is more

// Values that a person chose once for CT, in HU; every reading room has such a list.
const CT_WINDOWS = [["Brain", 40, 80], ["Soft tissue", 50, 400], ["Lung", -600, 1500], ["Bone", 400, 1800]];

class Viewport {
  // `room` has state and pixels, and hears of scrolled, drew, activate, say.
  constructor(room, series) {
    this.room = room;
    this.colours = document.createElement("canvas");
    this.build();
    this.show(series);
    this.told = () => this.draw();
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.box);
  }

  build() {
    this.canvas = element("canvas", { className: "pixels", tabIndex: 0 });
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-roledescription", "stack of images");
    const label = (name) => element("span", { className: `on-image ${name}`, dir: "auto" });
    this.labels = Object.fromEntries(["who", "series", "how", "scale", "left", "right", "top", "bottom", "place"].map((name) => [name, label(name)]));
    const overlay = element("div", { className: "overlay" }, ...Object.values(this.labels));
    overlay.setAttribute("aria-hidden", "true");
    this.box = element("div", { className: "picture" }, this.canvas, overlay);
    this.value = element("div", { className: "value" });
    this.facts = element("dl", {});
    this.node = element("div", { className: "viewport" }, this.box, this.value, element("details", { className: "facts" },
      element("summary", { textContent: "Facts of this image" }), this.facts));
    listen(this);
  }

  show(series) {
    this.series = series;
    this.index = Math.floor((this.room.state.series[series].count - 1) / 2);
    this.reset();
  }

  reset() {
    Object.assign(this, { window: null, inverted: false, zoom: 1, across: 0, down: 0, preset: "own" });
    this.draw();
  }

  get stack() { return this.room.state.series[this.series]; }
  get place() { return this.stack.first + this.index; }
  get about() { return this.room.state.places[this.place]; }
  get image() { return this.room.pixels.image(this.place); }

  // The window in use: chosen by the person, else that of the file, else the whole range.
  get shownWindow() {
    const [own] = this.about.windows;
    if (this.window) return this.window;
    if (this.preset === "whole" || !own) return this.image?.data && !this.image.colour ? wholeRange(this.image) : null;
    return { center: own[0], width: own[1], spread: this.about.spread };
  }

  presets() {
    const { windows, spread, unit } = this.about;
    const own = windows.map(([center, width, name], place) => ({
      key: place ? `file ${place}` : "own", name: `From the file: ${name ? `${name} ` : ""}${PLAIN(center)} / ${PLAIN(width)}`,
      window: place ? { center, width, spread } : null,
    }));
    const whole = { key: own.length ? "whole" : "own", name: "Whole range of each image", window: null };
    const ct = unit === "HU" ? CT_WINDOWS.map(([name, center, width]) => ({
      key: name, name: `${name}: ${center} / ${width}`, window: { center, width, spread: "LINEAR" } })) : [];
    return [...own, whole, ...ct];
  }

  choose(key) {
    const found = this.presets().find((preset) => preset.key === key);
    if (found) this.change({ preset: key, window: found.window });
  }

  setWindow(center, width) {
    if (!Number.isFinite(center) || !Number.isFinite(width)) return;
    const spread = this.shownWindow?.spread || "LINEAR";
    this.change({ preset: "", window: { center, width: Math.max(spread === "LINEAR" ? 1 : 1e-6, width), spread } });
  }

  // Change something and let it be seen with the next frame.
  change(what) {
    Object.assign(this, what);
    this.draw();
  }

  go(index) {
    const to = Math.max(0, Math.min(this.stack.count - 1, Math.round(index)));
    if (to === this.index || Number.isNaN(to)) return;
    this.change({ index: to });
    this.room.scrolled(this);
  }

  get isInverted() { return this.inverted !== this.about.inverted; }

  // Device pixels a column of the image, so that all of it is seen.
  get fit() {
    const { image, canvas, about } = this;
    return Math.min(canvas.width / image.columns, canvas.height / (image.rows * about.aspect));
  }

  zoomTo(zoom, x = this.canvas.width / 2, y = this.canvas.height / 2) {
    const to = Math.max(0.2, Math.min(40, zoom));
    const by = to / this.zoom;
    const keep = (offset, size, point) => (point - size / 2) - ((point - size / 2) - offset) * by;
    this.change({ zoom: to, across: keep(this.across, this.canvas.width, x), down: keep(this.down, this.canvas.height, y) });
  }

  onePixelEach() {
    if (this.image?.data) this.change({ zoom: 1 / this.fit, across: 0, down: 0 });
  }

  draw() {
    this.frame ||= requestAnimationFrame(() => { this.frame = 0; this.drawNow(); });
  }

  drawNow() {
    if (!this.box.isConnected) return;
    const { room, stack, canvas } = this;
    room.pixels.want(this.told, [{ place: this.place, first: stack.first, end: stack.first + stack.count }]);
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.box.clientWidth, this.box.clientHeight].map((size) => Math.max(1, Math.round(size * ratio)));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d", { alpha: false });
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    const { image } = this;
    if (image?.data) this.drawImage(context, image);
    else this.drawn = null;
    label(this, ratio);
    this.room.drew(this);
  }

  drawImage(context, image) {
    const shown = this.shownWindow;
    this.table = image.colour ? null : tableOf(image, shown, this.isInverted, this.table);
    const key = `${this.place} ${this.table?.key} ${this.inverted}`;
    const sheet = this.colours;
    if (this.painted !== key || this.paintedFrom !== image) {
      if (sheet.width !== image.columns || sheet.height !== image.rows) Object.assign(sheet, { width: image.columns, height: image.rows });
      const onSheet = sheet.getContext("2d", { alpha: false });
      if (this.sheet?.width !== image.columns || this.sheet?.height !== image.rows) this.sheet = onSheet.createImageData(image.columns, image.rows);
      paint(image, this.table, new Uint32Array(this.sheet.data.buffer), this.inverted);
      onSheet.putImageData(this.sheet, 0, 0);
      Object.assign(this, { painted: key, paintedFrom: image });
    }
    const scale = this.fit * this.zoom;
    const [width, height] = [image.columns * scale, image.rows * this.about.aspect * scale];
    const x = Math.round((this.canvas.width - width) / 2 + this.across);
    const y = Math.round((this.canvas.height - height) / 2 + this.down);
    context.imageSmoothingEnabled = scale < 3 && Math.abs(scale - 1) > 1e-6;
    context.drawImage(sheet, x, y, width, height);
    this.drawn = { x, y, scale, down: scale * this.about.aspect };
  }

  // What lies at a place of the canvas, in device pixels.
  at(x, y) {
    const { image, drawn } = this;
    if (!drawn || !image?.data) return null;
    const column = Math.floor((x - drawn.x) / drawn.scale);
    const row = Math.floor((y - drawn.y) / drawn.down);
    if (column < 0 || row < 0 || column >= image.columns || row >= image.rows) return null;
    const place = row * image.columns + column;
    if (image.colour) return { column, row, words: `red ${image.data[3 * place]}, green ${image.data[3 * place + 1]}, blue ${image.data[3 * place + 2]}` };
    const value = stored(image, place);
    const unit = this.about.unit ? ` ${this.about.unit}` : "";
    return { column, row, words: outside(image, value) ? "no image here (padding)" : `${PLAIN(meant(image, value))}${unit}` };
  }

  leave() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.resting);
    this.observer.disconnect();
    this.room.pixels.leave(this.told);
    [this.canvas, this.colours].forEach((canvas) => Object.assign(canvas, { width: 0, height: 0 })); // gives their memory back
    this.sheet = this.table = this.paintedFrom = null;
  }
}
