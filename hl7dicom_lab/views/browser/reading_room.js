// The reading room: images and report of a study beside each other, and above both whose they are. Two series can stand
// side by side. Pixels and tables: reading_room.pixels.js; one image on a canvas: reading_room.viewport.js.

const HELP = [["Wheel or ↑ ↓", "images"], ["PageUp, PageDown", "ten images"], ["Home, End", "first, last"], ["Drag", "window: right wider, down darker"],
  ["Shift+drag, middle button, Shift+arrows", "move"], ["Ctrl+wheel, + and -", "zoom"], ["0", "fit"], ["L", "centre"], ["W", "width"], ["I", "invert"], ["R", "reset"]];
const DRAGS = [["window", "window"], ["images", "images"], ["move", "move"], ["zoom", "zoom"]];
const LINKS = [["position", "by position in the patient"], ["number", "by number"], ["off", "not at all"]];

function button(text, name, onclick) {
  const made = element("button", { type: "button", textContent: text, title: name, onclick });
  made.setAttribute("aria-label", name);
  return made;
}

function field(name, input, ...after) {
  return element("label", { className: "field" }, element("span", { textContent: name }), input, ...after);
}

function named(name, node) {
  node.classList.add(name);
  return node;
}

function select(pairs, onchange) {
  const made = element("select", {}, ...pairs.map(([value, text]) => element("option", { value, textContent: text })));
  made.onchange = () => onchange(made.value);
  return made;
}

function help() {
  const made = element("ul", { className: "help" }, ...HELP.map(([keys, does]) => element("li", {}, element("kbd", { textContent: keys }), ` ${does}`)));
  made.setAttribute("role", "list"); // Safari takes it away with the bullets
  made.setAttribute("aria-label", "Keys and mouse, on the image");
  return made;
}

// One place in the tab order; the arrows go from button to button.
function toolbar(name, ...buttons) {
  const made = element("div", { className: "toolbar" }, ...buttons);
  made.setAttribute("role", "toolbar");
  made.setAttribute("aria-label", name);
  const choose = (to) => buttons.forEach((one) => { one.tabIndex = one === to ? 0 : -1; });
  choose(buttons[0]);
  made.addEventListener("focusin", (event) => buttons.includes(event.target) && choose(event.target));
  made.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(event.target);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined) return;
    take(event);
    buttons[(to + buttons.length) % buttons.length].focus();
  });
  return made;
}

class ReadingRoom {
  constructor(model, el) {
    this.state = model.get("state");
    this.pixels = Pixels.of(model);
    this.viewports = [];
    this.drag = "window";
    this.link = "position";
    this.readOut = announcer();
    this.build(el);
    if (!this.state.series.length) return;
    this.viewports.push(new Viewport(this, 0));
    this.activate(this.viewports[0]);
    this.compare(this.state.studies.length > 1 && this.state.series.some((one) => one.study));
  }

  build(el) {
    const { studies } = this.state;
    this.banners = studies.map(bannerOf);
    this.reports = studies.map((study) => reportOf(study, studies.length > 1));
    this.stage = element("div", { className: "stage" });
    this.viewer = element("div", { className: "viewer" }, ...(this.state.series.length ? this.controls() : []), this.stage);
    this.viewer.setAttribute("role", "group");
    this.viewer.setAttribute("aria-label", `Images: ${studies.map((study) => study.short.join(", ")).join("; ")}`);
    if (!this.state.series.length) this.stage.append(element("p", { className: "none", textContent: studies[0].images }));
    else this.viewer.append(help());
    this.desk = element("div", { className: "desk" }, this.viewer, element("div", { className: "reports" }, ...this.reports));
    el.replaceChildren(...alarm(this.state.warning), element("div", { className: "banners" }, ...this.banners), this.desk, this.readOut);
  }

  controls() {
    const active = () => this.active;
    this.series = this.seriesSelect();
    this.slider = element("input", { type: "range", min: 1, step: 1, className: "slider" });
    this.slider.oninput = () => active().go(this.slider.value - 1);
    this.number = element("input", { type: "number", min: 1, step: 1, className: "number" });
    this.number.oninput = () => this.number.value && active().go(this.number.value - 1);
    this.count = element("span", { className: "count" });
    this.slider.setAttribute("aria-label", "Image, slider");
    this.center = this.windowField();
    this.width = this.windowField();
    this.preset = element("select", {});
    this.preset.onchange = () => active().choose(this.preset.value);
    this.invert = button("Invert", "Invert: black for white", () => active().change({ inverted: !active().inverted }));
    this.compareButton = button("Compare", "Compare: two pictures side by side", () => this.compare(this.viewports.length === 1));
    this.linkSelect = select(LINKS, (link) => { this.link = link; this.scrolled(active()); });
    this.linkField = field("Scroll together", this.linkSelect);
    this.progress = element("progress", {});
    this.progress.setAttribute("aria-label", "Images loaded");
    this.loading = element("div", { className: "loading", hidden: true }, this.progress, element("span", {}));
    const tools = toolbar("Tools", this.invert,
      button("−", "Zoom out", () => active().zoomTo(active().zoom / 1.25)), button("+", "Zoom in", () => active().zoomTo(active().zoom * 1.25)),
      button("Fit", "Fit the image into the picture", () => active().change({ zoom: 1, across: 0, down: 0 })),
      button("1:1", "One pixel of the screen for each pixel of the image", () => active().onePixelEach()),
      button("Reset", "Reset window, zoom and place", () => active().change(active().reset())), this.compareButton);
    const group = (name, ...children) => {
      const made = element("div", { className: "group" }, ...children);
      made.setAttribute("role", "group");
      made.setAttribute("aria-label", name);
      return made;
    };
    return [
      group("Images", named("narrow", field("Series", this.series)), element("div", { className: "field wide" }, this.slider, field("Image", this.number), this.count)),
      group("Window", field("Centre", this.center), field("Width", this.width), named("preset", field("Preset", this.preset))),
      group("Tools", tools, field("Drag", select(DRAGS, (drag) => { this.drag = drag; })), this.linkField),
      this.loading,
    ];
  }

  seriesSelect() {
    const { series, studies } = this.state;
    const option = ({ title, count }, value) => element("option", { value, textContent: `${title} (${count})` });
    const options = series.map(option);
    const made = element("select", {}, ...(studies.length === 1 ? options : studies.map((study, at) =>
      element("optgroup", { label: `${study.short[0]}, ${study.accession}` }, ...options.filter((_, place) => series[place].study === at)))));
    made.onchange = () => { this.active.show(Number(made.value)); this.arranged(); };
    return made;
  }

  windowField() {
    const made = element("input", { type: "number", step: "any", className: "number" });
    made.oninput = () => made.value && this.active.setWindow(Number(this.center.value), Number(this.width.value));
    made.onblur = () => this.refresh();
    return made;
  }

  compare(on) {
    if (on && this.viewports.length === 1) {
      const other = this.state.series.findIndex((one) => one.study === 1);
      this.viewports.push(new Viewport(this, other > 0 ? other : Math.min(1, this.state.series.length - 1)));
    } else if (!on && this.viewports.length === 2) {
      this.viewports.pop().leave();
    }
    this.activate(this.viewports[0]);
    this.arranged();
  }

  // Which viewports there are, or what they show, has changed.
  arranged() {
    const two = this.viewports.length === 2;
    this.stage.replaceChildren(...this.viewports.map((one) => one.node));
    this.desk.classList.toggle("comparing", two);
    this.compareButton.setAttribute("aria-pressed", two);
    const shown = new Set(this.viewports.map((one) => one.stack.study));
    [this.banners, this.reports].forEach((nodes) => nodes.forEach((node, study) => { node.hidden = !shown.has(study); }));
    this.linkField.hidden = !two;
    if (two) {
      const [position] = this.linkSelect.options;
      position.disabled = !samePlace(...this.viewports);
      position.textContent = position.disabled ? "by position (no common frame of reference)" : LINKS[0][1];
      this.linkSelect.value = position.disabled && this.link === "position" ? "number" : this.link;
      this.scrolled(this.active);
    }
    this.viewports.forEach((one) => one.draw());
    this.refresh();
  }

  activate(viewport) {
    if (this.active === viewport) return;
    this.active = viewport;
    this.viewports.forEach((one) => one.node.classList.toggle("active", one === viewport));
    if (this.stage.isConnected) this.refresh();
  }

  scrolled(viewport) {
    const other = this.viewports.find((one) => one !== viewport);
    if (!other || this.linkSelect.value === "off") return;
    const index = this.linkSelect.value === "position" && samePlace(viewport, other) ? nearest(viewport, other) : viewport.index;
    other.change({ index: Math.min(index, other.stack.count - 1) });
  }

  drew(viewport) {
    if (viewport === this.active) this.refresh();
    if (viewport !== this.active) return;
    const { there, all, coming, late } = this.pixels.progress(viewport.stack.first, viewport.stack.first + viewport.stack.count);
    this.loading.hidden = there === all || !coming; // of a very large study only what is near is kept
    Object.assign(this.progress, { max: all, value: there });
    put(this.loading.lastChild, `${there} of ${all} images are there; ${late ? `the rest ${LATE}` : "you can already scroll"}`);
  }

  refresh() {
    const { active } = this;
    if (!active) return;
    const set = (input, value) => { if (document.activeElement !== input && input.value !== String(value)) input.value = value; };
    const { count } = active.stack;
    set(this.series, active.series);
    this.slider.max = this.number.max = count;
    if (Number(this.slider.value) !== active.index + 1) this.slider.value = active.index + 1;
    this.slider.setAttribute("aria-valuetext", `image ${active.index + 1} of ${count}`);
    set(this.number, active.index + 1);
    put(this.count, `of ${count}`);
    const shown = active.image?.colour ? null : active.shownWindow;
    [this.center, this.width, this.preset].forEach((input) => { input.disabled = !shown; });
    set(this.center, shown ? PLAIN(shown.center) : "");
    set(this.width, shown ? PLAIN(shown.width) : "");
    this.refreshPresets();
    this.invert.setAttribute("aria-pressed", active.inverted);
  }

  refreshPresets() {
    const presets = this.active.presets().map(({ key: value, name }) => [value, name]);
    const all = this.active.preset ? presets : [["", "Chosen by hand"], ...presets];
    const known = JSON.stringify(all);
    if (this.known !== known) {
      this.known = known;
      this.preset.replaceChildren(...all.map(([value, textContent]) => element("option", { value, textContent })));
    }
    if (this.preset.value !== this.active.preset) this.preset.value = this.active.preset;
  }

  focusField(name) {
    this[name].focus();
    this[name].select();
  }

  say(viewport, words) {
    if (viewport !== this.active || this.said === words) return;
    if (this.said !== undefined) this.readOut.textContent = words; // not when it is first drawn
    this.said = words;
  }

  leave() {
    this.viewports.forEach((one) => one.leave());
    this.viewports = [];
  }
}

// Whether two stacks lie in the same coordinates, and nearly parallel.
function samePlace(one, other) {
  const [mine, yours] = [one.about, other.about];
  if (!one.stack.frameOfReference || one.stack.frameOfReference !== other.stack.frameOfReference) return false;
  return Boolean(mine.position && yours.position) && Math.abs(dot(mine.normal, yours.normal)) > 0.95;
}

function nearest(viewport, other) {
  const { position, normal } = viewport.about;
  const wanted = dot(position, normal);
  let [best, least] = [0, Infinity];
  for (let index = 0; index < other.stack.count; index += 1) {
    const there = viewport.room.state.places[other.stack.first + index].position;
    const away = there ? Math.abs(dot(there, normal) - wanted) : Infinity;
    if (away < least) [best, least] = [index, away];
  }
  return best;
}

const dot = (one, other) => one[0] * other[0] + one[1] * other[1] + one[2] * other[2];

function render({ model, el }) {
  begin(el, "reading_room");
  const room = new ReadingRoom(model, el);
  return () => { room.leave(); el.replaceChildren(); }; // JupyterLab keeps el of a cell that has run again
}

export default { render };
