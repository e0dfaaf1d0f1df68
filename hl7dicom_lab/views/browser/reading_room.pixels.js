// The pixels of a reading room: blocks of stored values, unpacked off the main thread and kept while there is room, and
// the tables that make greys of them.

const room = {
  bytes: 400e6, // unpacked pixels that one reading room keeps
  atATime: 2, // blocks that are asked for at the same time
  patience: 2500, // milliseconds until a kernel that does not answer is called busy
};
const pixelsOfModel = new WeakMap(); // several views of one output share their pixels

class Pixels {
  static of(model) {
    if (!pixelsOfModel.has(model)) pixelsOfModel.set(model, new Pixels(model));
    return pixelsOfModel.get(model);
  }

  constructor(model) {
    this.model = model;
    this.blocks = model.get("state").blocks.map(([first, end, size], number) => ({ number, first, end, size, images: null, asked: 0 }));
    this.blockOf = [];
    this.blocks.forEach((block) => { for (let place = block.first; place < block.end; place += 1) this.blockOf[place] = block; });
    this.views = new Map(); // what wants to know -> the places that it shows, as { place, first, end }
    this.answered = () => this.take(model.get("reply").pixels);
    this.last = null;
  }

  // Show places (of series from `first` to `end`); `told` is called whenever something has come.
  want(told, places) {
    if (!this.views.size) {
      this.model.on("change:reply", this.answered);
      this.clock = setInterval(() => this.tell(), 1000);
    }
    this.views.set(told, places);
    this.load();
  }

  leave(told) {
    this.views.delete(told);
    if (this.views.size) return;
    this.model.off("change:reply", this.answered);
    clearInterval(this.clock);
    this.blocks.forEach((block) => { block.images = null; block.asked = 0; }); // nobody looks: no memory
  }

  image(place) {
    const block = this.blockOf[place];
    return block?.images ? block.images[place - block.first] : null;
  }

  // The blocks by how soon they may be looked at, as many as there is room for.
  order() {
    const shown = [...this.views.values()].flat();
    const distance = (block) => Math.min(...shown.map(({ place, first, end }) => {
      const away = place < block.first ? block.first - place : place >= block.end ? place - block.end + 1 : 0;
      return block.first >= first && block.end <= end ? away : 1e6 + block.number;
    }));
    const sorted = this.blocks.map((block) => [distance(block), block]).sort((one, other) => one[0] - other[0]).map(([, block]) => block);
    let bytes = 0;
    return sorted.filter((block, place) => (bytes += block.size) <= room.bytes || place < room.atATime);
  }

  load() {
    if (!this.views.size) return;
    const order = this.order();
    const kept = new Set(order);
    this.blocks.forEach((block) => { if (block.images && !kept.has(block)) block.images = null; });
    const first = this.model.get("state").pixels;
    let open = this.blocks.filter((block) => block.asked).length;
    for (const block of order) {
      if (open >= room.atATime) break;
      if (block.images || block.asked) continue;
      block.asked = Date.now();
      open += 1;
      if (first[block.number]) this.unpack(block, first[block.number]);
      else this.model.send({ block: block.number, asked: this.asked });
    }
  }

  // A reply that equals the last one does not travel: every question has another number than the last one answered.
  get asked() { return (this.model.get("reply").pixels?.asked || 0) + 1; }

  take(told) {
    if (!told || told === this.last) return;
    this.last = told;
    const block = this.blocks[told.block];
    if (block?.asked) this.unpack(block, told);
  }

  async unpack(block, { images, content }) {
    try {
      const bytes = new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
      const buffer = await new Response(stream).arrayBuffer();
      block.images = images.map((image) => withPixels(image, buffer));
    } catch (error) {
      block.images = images.map(() => ({ reason: `The pixels cannot be unpacked in this browser: ${error.message}` }));
    }
    block.asked = 0;
    if (!this.views.size) block.images = null;
    this.load();
    this.tell();
  }

  tell() { [...this.views.keys()].forEach((told) => told()); }

  // Of the places from `first` to `end`: how many are there, and whether the kernel keeps us waiting.
  progress(first, end) {
    const mine = this.blocks.filter((block) => block.first >= first && block.end <= end);
    const there = mine.reduce((sum, block) => sum + (block.images ? block.end - block.first : 0), 0);
    const late = this.blocks.some((block) => block.asked && Date.now() - block.asked > room.patience);
    return { there, all: end - first, late, coming: mine.some((block) => block.asked) };
  }
}

function withPixels(image, buffer) {
  if (image.reason) return image;
  const count = image.rows * image.columns;
  const data = image.colour ? new Uint8Array(buffer, image.offset, 3 * count) : new Uint16Array(buffer, image.offset, count);
  return { ...image, data };
}

const stored = (image, at) => image.signed ? (image.data[at] << 16) >> 16 : image.data[at];
const outside = (image, value) => Boolean(image.padding) && value >= image.padding[0] && value <= image.padding[1];
const meant = (image, value) => value * image.slope + image.intercept;

// The window that shows the lowest value of an image black and the highest white.
function wholeRange(image) {
  if (image.range) return image.range;
  let low = Infinity;
  let high = -Infinity;
  for (let at = 0; at < image.data.length; at += 1) {
    const value = stored(image, at);
    if (outside(image, value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const [one, other] = low > high ? [0, 0] : [meant(image, low), meant(image, high)];
  [low, high] = [Math.min(one, other), Math.max(one, other)];
  image.range = { center: (low + high) / 2 + 0.5, width: Math.max(high - low, 1) + 1, spread: "LINEAR" };
  return image.range;
}

// PS3.3 C.11.2.1.2 and C.11.2.1.3, in the same order of operations as image_window.py.
function greyOf(value, { center, width, spread }) {
  let scaled;
  if (spread === "SIGMOID") scaled = 1 / (1 + Math.exp(-4 * (value - center) / width));
  else if (spread === "LINEAR_EXACT") scaled = (value - center) / width + 0.5;
  else scaled = (value - (center - 0.5)) / Math.max(width - 1, 1e-6) + 0.5;
  const exact = Math.min(1, Math.max(0, scaled)) * 255;
  const rounded = Math.round(exact);
  return rounded - exact === 0.5 && rounded % 2 ? rounded - 1 : rounded; // a half goes to the even neighbour
}

// For each of the 65,536 stored numbers its colour, as putImageData wants it.
function tableOf(image, window, inverted, last) {
  const key = [image.signed, image.slope, image.intercept, image.padding, window.center, window.width, window.spread, inverted].join();
  if (last?.key === key) return last;
  const colours = last?.colours || new Uint32Array(65536);
  for (let at = 0; at < 65536; at += 1) {
    const value = image.signed ? (at << 16) >> 16 : at;
    let grey = 0;
    if (!outside(image, value)) {
      grey = greyOf(meant(image, value), window);
      if (inverted) grey = 255 - grey;
    }
    colours[at] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
  }
  return { key, colours };
}

// Fill pixels (a Uint32Array, a number a pixel) with an image.
function paint(image, table, pixels, inverted) {
  const { data } = image;
  if (!image.colour) {
    const { colours } = table;
    for (let at = 0; at < data.length; at += 1) pixels[at] = colours[data[at]];
    return;
  }
  const flip = inverted ? 255 : 0;
  for (let at = 0, from = 0; at < pixels.length; at += 1, from += 3) {
    pixels[at] = 0xff000000 | ((data[from + 2] ^ flip) << 16) | ((data[from + 1] ^ flip) << 8) | (data[from] ^ flip);
  }
}
